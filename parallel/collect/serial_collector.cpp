#include "parallel/collect/serial_collector.hpp"

#include <stdexcept>
#include <string>

namespace prl {

SerialCollector::SerialCollector(const CollectionPlan& plan, const ActorFactory& make_actor) {
  check_plan(plan);
  if (plan.workers != 1) {
    throw std::invalid_argument(std::to_string(plan.workers) +
                                " workers cannot collect serially: use 1 worker, threads, processes or MPI");
  }
  parameters_ = AlignedBuffer<float>(plan.parameter_count);
  blocks_ = AlignedBuffer<std::byte>(plan.segment_bytes());
  segment_ = SegmentView(plan.layout, blocks_.data(), 0, plan.environments);
  actor_ = make_actor(0, plan.environments);
}

bool SerialCollector::collect(const std::atomic<bool>& stop) {
  const double start_seconds = monotonic_seconds();
  const bool complete = actor_->collect(parameters_.data(), segment_, stop);
  collecting_seconds_ = monotonic_seconds() - start_seconds;
  return complete;
}

}  // namespace prl

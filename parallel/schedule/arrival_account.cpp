#include "parallel/schedule/arrival_account.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "parallel/collect/collector.hpp"

namespace prl {
namespace {

constexpr std::uint64_t kNoVersion = ~std::uint64_t{0};

}  // namespace

const CollectionPlan& checked_free_plan(const CollectionPlan& plan, int queue_depth) {
  check_plan(plan);
  if (plan.environments % plan.workers != 0) {
    throw std::invalid_argument(std::to_string(plan.workers) + " free-running actors cannot share " +
                                std::to_string(plan.environments) + " environments evenly: give a multiple");
  }
  if (queue_depth < 1) throw std::invalid_argument("a queue has at least one slot");
  return plan;
}

ArrivalAccount::ArrivalAccount(const CollectionPlan& plan)
    : plan_(plan),
      last_version_(static_cast<std::size_t>(plan.workers), kNoVersion),
      dropped_(static_cast<std::size_t>(plan.workers), 0) {}

void ArrivalAccount::take(TrajectoryQueues& queues, const Waiter& waiter, bool charged,
                          SegmentSource::Arrival& arrival) {
  const double start_seconds = monotonic_seconds();
  arrival.taken = queues.take(waiter);
  while (arrival.taken.note.charged != charged) {
    dropped_[static_cast<std::size_t>(arrival.taken.actor)] = 1;
    queues.release(arrival.taken);
    arrival.taken = queues.take(waiter);
  }
  ledger_.add_waiting(Purpose::kTrajectories, monotonic_seconds() - start_seconds);
}

void ArrivalAccount::count(std::uint64_t published, SegmentSource::Arrival& arrival) {
  const TrajectoryNote& note = arrival.taken.note;
  const auto actor = static_cast<std::size_t>(arrival.taken.actor);
  const EnvironmentRange range = environments_of(arrival.taken.actor, plan_.workers, plan_.environments);
  arrival.trajectories = SegmentView(plan_.layout, arrival.taken.bytes.data(), range.first, range.count);
  arrival.lag = static_cast<long>(published - 1 - note.version);
  arrival.after_loss = std::exchange(dropped_[actor], 0) != 0;
  ledger_.add_message(Purpose::kTrajectories, arrival.trajectories.size_bytes());
  ledger_.add_transfer(Purpose::kTrajectories, note.sending_seconds);
  ledger_.add_transfer(Purpose::kWeights, note.receiving_seconds);
  if (std::exchange(last_version_[actor], note.version) != note.version || note.restarted) {
    ledger_.add_message(Purpose::kWeights, plan_.parameter_bytes());
  }
}

}  // namespace prl

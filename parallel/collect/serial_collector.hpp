// Collecting without workers: the learner's thread steps all environments. What the parallel modes are compared with.
#pragma once

#include <memory>

#include "core/aligned_buffer.hpp"
#include "parallel/collect/collection_plan.hpp"
#include "parallel/collect/collector.hpp"

namespace prl {

class SerialCollector final : public Collector {
 public:
  // plan.workers is 1. Throws std::invalid_argument for a plan that cannot be.
  SerialCollector(const CollectionPlan& plan, const ActorFactory& make_actor);

  std::span<float> parameters() override { return parameters_.span(); }
  bool collect(const std::atomic<bool>& stop) override;
  SegmentView segment() const override { return segment_; }
  void charge_step_cost(bool charge) override { actor_->charge_step_cost(charge); }
  std::vector<WorkerSeconds> worker_seconds() const override { return {{collecting_seconds_}}; }
  CommunicationLedger& ledger() override { return ledger_; }

 private:
  AlignedBuffer<float> parameters_;
  AlignedBuffer<std::byte> blocks_;
  SegmentView segment_;
  std::unique_ptr<Actor> actor_;
  double collecting_seconds_ = 0.0;
  CommunicationLedger ledger_;
};

}  // namespace prl

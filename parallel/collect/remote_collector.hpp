// Collecting with central inference: workers only step environments, the learner's worker chooses the actions of all
// of them, a message each way and step. The network is evaluated once for all N environments, and no weights cross.
//
// The form is that of SEED RL (Espeholt et al. 2019, section 3) in lock-step. A row's inference does not depend on its
// batch, so the trajectories are those of the modes whose workers carry the policy.
#pragma once

#include <memory>

#include "core/aligned_buffer.hpp"
#include "core/exploration.hpp"
#include "core/rollout_recorder.hpp"
#include "parallel/collect/collection_plan.hpp"
#include "parallel/collect/collector.hpp"
#include "parallel/collect/step_link.hpp"

namespace prl {

class RemoteCollector final : public Collector {
 public:
  // `seed` is the run's. `link` connects workers 1 .. W - 1 of the same plan; worker 0 steps its part here. All
  // environments have taken `steps_before` steps. Throws std::invalid_argument for a plan that cannot be.
  RemoteCollector(const CollectionPlan& plan, const NetworkLayout& network, std::uint64_t seed,
                  const EnvironmentBatchFactory& make_batch, std::unique_ptr<StepLink> link,
                  const ExplorationSetting& exploration = {}, std::uint64_t steps_before = 0);

  std::span<float> parameters() override { return parameters_.span(); }
  bool collect(const std::atomic<bool>& stop) override;
  SegmentView segment() const override { return segment_; }
  void charge_step_cost(bool charge) override { charge_ = charge; }
  std::vector<WorkerSeconds> worker_seconds() const override;
  CommunicationLedger& ledger() override { return link_->ledger(); }

 private:
  // One step of all environments. Returns false once `stop` is set.
  bool step(int t, const std::atomic<bool>& stop);
  // Into the segment.
  void keep_states();

  std::unique_ptr<StepLink> link_;
  AlignedBuffer<float> parameters_;
  AlignedBuffer<std::byte> blocks_;
  SegmentView segment_;
  RolloutRecorder recorder_;
  int own_environments_;
  double slowness_;
  std::unique_ptr<EnvironmentBatch> batch_;
  bool charge_ = true;
  double collecting_seconds_ = 0.0;
};

}  // namespace prl

// Rounds with one central learner, as in the document: a collector brings the trajectories of all environments, worker 0
// learns from them, with one thread or several.
#pragma once

#include <memory>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "core/episode_returns.hpp"
#include "parallel/agree/thread_update.hpp"
#include "parallel/collect/collector.hpp"
#include "parallel/schedule/delayed_parameters.hpp"
#include "runner/round_runner.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

class CentralRounds final : public RoundRunner {
 public:
  // Initialises the parameters, in the collector's storage, from the run's seed.
  CentralRounds(const RunConfiguration& configuration, const NetworkLayout& layout,
                std::unique_ptr<Collector> collector);

  std::span<float> parameters() override { return learner_->parameters(); }
  bool run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) override;
  void pause() override;
  void charge_step_cost(bool charge) override { collector_->charge_step_cost(charge); }
  std::optional<ReplayCounts> replay_counts() const override { return learner_->replay_counts(); }
  void add_state(RunState& state) override;
  int updates_of_round() const override { return learner_->updates_due(); }
  CommunicationLedger communication() override { return collector_->ledger(); }
  void reset_communication() override { collector_->ledger().reset(); }

 private:
  // What the learner goes on with.
  void add_learner_state(RunState& state);
  void learn();
  // The updates of a round from one shard's gradients, which need no summing.
  void update_alone();

  int workers_;
  std::unique_ptr<Collector> collector_;
  int lag_;
  bool pipelined_;
  bool publish_;
  double paused_seconds_ = 0.0;  // since the last round
  // With a lag, or where no parameters are published, the learner's parameters are apart from those that act.
  AlignedBuffer<float> learner_parameters_;
  std::unique_ptr<DelayedParameters> delayed_;
  std::vector<AlignedBuffer<float>> gradients_;  // one a shard
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<ThreadUpdate> threads_;  // null with one shard and one thread
  EpisodeReturns episodes_;
  std::vector<float> acting_;  // kept of a pipeline: what the round under way acts with
};

// What a learner of the run has to know: rounds of all environments, warm-up rounds included in the annealing.
LearnerPlan learner_plan(const RunConfiguration& configuration, ShardPlan shards);

}  // namespace prl

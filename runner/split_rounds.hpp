// Rounds with split gradients: every worker collects with its own environments, learns from them, and agrees with the
// others on every update. No trajectories cross; statistics and gradients do.
#pragma once

#include <atomic>
#include <memory>

#include "core/actor.hpp"
#include "core/aligned_buffer.hpp"
#include "core/episode_returns.hpp"
#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/collect/cut_rounds.hpp"
#include "runner/gathered_state.hpp"
#include "runner/round_runner.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

// What one worker brings to the rounds.
struct SplitMember {
  int member = 0;
  std::unique_ptr<Actor> actor;  // of this worker's environments
  LearnerStorage storage;        // parameters, and the gradient of this worker's shard
  std::unique_ptr<GradientAgreement> agreement;
  // Seen by all workers of this host: set once one of them gives up a round.
  std::atomic<bool>* shared_stop = nullptr;
  std::atomic<std::uint64_t>* left_rounds = nullptr;  // by all workers, where rounds may be cut early
};

class SplitRounds final : public RoundRunner {
 public:
  SplitRounds(const RunConfiguration& configuration, const NetworkLayout& layout, SplitMember member);

  // Returns once all workers have called it, so that what worker 0 wrote to shared parameters before is seen by all.
  void await_members();

  std::span<float> parameters() override { return member_.storage.parameters; }
  // All workers call it the same number of times. The outcome is complete on every worker.
  bool run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) override;
  void charge_step_cost(bool charge) override { member_.actor->charge_step_cost(charge); }
  std::optional<ReplayCounts> replay_counts() const override { return learner_->replay_counts(); }
  void add_state(RunState& state) override;
  int updates_of_round() const override { return learner_->updates_due(); }
  CommunicationLedger communication() override { return member_.agreement->ledger(); }
  void reset_communication() override { member_.agreement->ledger().reset(); }

 private:
  void learn();
  // What this worker goes on with.
  void add_own_state(RunState& state);
  // All workers call it after the same round.
  void keep();
  void sum_over_workers(std::span<double> values) { member_.agreement->sum(values); }

  CheckpointSetting checkpoint_;
  int workers_;
  int environments_;
  long rounds_done_;
  SplitMember member_;
  AlignedBuffer<std::byte> blocks_;
  SegmentView segment_;
  CutRounds rounds_;
  std::unique_ptr<Learner> learner_;
  EpisodeReturns episodes_;
  GatheredState kept_;  // worker 0's, after keep()
};

}  // namespace prl

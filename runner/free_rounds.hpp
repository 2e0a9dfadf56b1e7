// Rounds with one central learner and workers that run freely beside it: a round is as many segments as there are workers,
// in order of arrival, each learned from on its own as soon as it is there.
//
// To most rules a segment is the whole of a batch, whichever environments it is from. A rule whose samples reach from one
// segment into the next is told which environments they are.
#pragma once

#include <memory>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "core/episode_returns.hpp"
#include "core/learner.hpp"
#include "parallel/agree/thread_update.hpp"
#include "parallel/schedule/segment_source.hpp"
#include "runner/round_runner.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

class FreeRounds final : public RoundRunner {
 public:
  // Initialises the parameters from the run's seed and publishes them, which starts the actors.
  FreeRounds(const RunConfiguration& configuration, const NetworkLayout& layout, std::unique_ptr<SegmentSource> actors);

  std::span<float> parameters() override { return learner_->parameters(); }
  // RoundSeconds::collect is the learner's wait for segments.
  bool run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) override;
  void charge_step_cost(bool charge) override { actors_->charge_step_cost(charge); }
  std::optional<ReplayCounts> replay_counts() const override { return learner_->replay_counts(); }
  // Environments are not kept: the actors are at work on later segments.
  void add_state(RunState& state) override;
  int updates_of_round() const override { return updates_; }
  CommunicationLedger communication() override { return actors_->ledger(); }
  void reset_communication() override { actors_->ledger().reset(); }
  std::optional<FaultCounts> faults() const override { return actors_->faults(); }

 private:
  // What the learner and, where they keep the first parameters, its actors go on with.
  void add_learner_state(RunState& state);
  void learn(const SegmentSource::Arrival& arrival, RoundOutcome& outcome);

  int workers_;
  bool continued_;  // whether samples reach over segments
  bool publish_;
  std::unique_ptr<SegmentSource> actors_;
  AlignedBuffer<float> parameters_;
  AlignedBuffer<float> acting_;                  // where no parameters are published: the first ones
  std::vector<AlignedBuffer<float>> gradients_;  // one a shard
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<ThreadUpdate> threads_;
  std::vector<EpisodeReturns> episodes_;  // by actor
  int updates_ = 0;                       // of the last round
};

}  // namespace prl

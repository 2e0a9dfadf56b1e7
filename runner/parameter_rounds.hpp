// Rounds of workers that learn by themselves and meet now and then: every worker collects with its own environments, takes
// all of the round's updates with its own learner, and after every K-th round, and after the last, meets the others on
// parameters (parallel/agree/parameter_agreement.hpp).
//
// To its learner a worker's environments are the whole of a batch: statistics such as the normalisation of advantages, the
// minibatches, a replay and its thresholds in steps are a worker's own. So are its optimiser's moments, which are not
// averaged: they are averages over the worker's own gradients, and go on beside parameters that jump at a meeting. (With
// plain gradient steps there are none.)
//
// What a run evaluates and ends with are the parameters that were agreed upon last. Between meetings no worker holds them.
// Where members gossip, they are never agreed upon: it is the average of all members' parameters, taken where a run
// evaluates and at its end, and how far the members are from it goes with it.
#pragma once

#include <atomic>
#include <memory>

#include "core/actor.hpp"
#include "core/aligned_buffer.hpp"
#include "core/episode_returns.hpp"
#include "parallel/agree/gossip/member_average.hpp"
#include "parallel/agree/ordered_sum.hpp"
#include "parallel/agree/parameter_agreement.hpp"
#include "runner/gathered_state.hpp"
#include "runner/round_runner.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

class ParameterRounds final : public RoundRunner {
 public:
  // The member `transport.rank()`, with the actor of its environments. All members are made at the same time: member 0's
  // parameters, from the run's seed, are sent to the others. `shared_stop` is seen by all members of this host: set once
  // one of them gives up a round. It and `transport` must outlive the rounds.
  ParameterRounds(const RunConfiguration& configuration, const NetworkLayout& layout, Transport& transport,
                  std::unique_ptr<Actor> actor, std::atomic<bool>& shared_stop);

  std::span<float> parameters() override { return agreed_.span(); }
  // All workers call it the same number of times. The outcome is complete on every worker. RoundSeconds::learn is worker
  // 0's own updates, its wait for the others and the meeting.
  bool run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) override;
  void charge_step_cost(bool charge) override { actor_->charge_step_cost(charge); }
  // Of all workers together.
  std::optional<ReplayCounts> replay_counts() const override { return replay_counts_; }
  void add_state(RunState& state) override;
  // Of all workers together, which take as many each.
  int updates_of_round() const override { return transport_.size() * learner_->updates_due(); }
  CommunicationLedger communication() override { return transport_.ledger(); }
  void reset_communication() override { transport_.ledger().reset(); }

 private:
  void learn();
  // What this worker goes on with.
  void add_own_state(RunState& state);
  // All workers call it after the same round.
  void keep();
  void join_replay_counts();
  // All workers call it; parameters() become the average on worker 0.
  void average_members(RoundOutcome& outcome);
  bool meeting_due() const { return rounds_done_ % agree_every_ == 0 || rounds_done_ == all_rounds_; }

  const RunConfiguration& configuration_;
  Transport& transport_;
  std::unique_ptr<Actor> actor_;
  std::atomic<bool>& shared_stop_;
  OrderedSum sums_;
  long agree_every_;
  long all_rounds_;
  long rounds_done_;
  // Bytes since the warm-up: by the process that this one goes on from, and as of the last checkpoint.
  std::uint64_t weights_sent_before_ = 0;
  std::uint64_t weights_sent_ = 0;
  AlignedBuffer<std::byte> blocks_;
  SegmentView segment_;
  AlignedBuffer<float> own_;
  AlignedBuffer<float> gradient_;
  AlignedBuffer<float> agreed_;
  std::unique_ptr<ParameterAgreement<float>> agreement_;
  std::optional<AverageOfMembers<float>> average_;  // where members gossip
  std::unique_ptr<Learner> learner_;
  EpisodeReturns episodes_;
  std::optional<ReplayCounts> replay_counts_;
  GatheredState kept_;  // worker 0's, after keep()
};

}  // namespace prl

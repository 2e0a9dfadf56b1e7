// Advantage actor-critic as a Learner: one gradient step a round on all of its rows, with a choice of targets.
//
//   A2C      A, R by generalised_advantage() from the values that the policy acted with; with lambda 1, R is the n-step
//            return, n counting down from the round's steps of an environment to 1
//   V-trace  A, R by vtrace() from the current parameters' values and log pi(a|s) - log mu(a|s)
//   g = grad L (actor_critic_loss.hpp),  g <- g min(1, c / |g|),  theta <- RMSProp or Adam(theta, g)
//
// Source: Mnih et al., "Asynchronous methods for deep reinforcement learning" (ICML 2016), algorithm S3, of which A2C is
// the synchronous form; Espeholt et al., "IMPALA" (ICML 2018), section 4.2. In lock-step the behaviour policy is the
// current one, every ratio is exactly 1, and both rules compute the same gradient.
// Deviations: gradients are of means over rows where A3C and IMPALA sum them; the critic's share of the loss is c_v, not
// a half.
//
// A shard owns whole trajectories, the environments [s N / S, (s + 1) N / S) also where S does not divide N; one that owns
// none has gradient 0.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "algorithms/actor_critic_setting.hpp"
#include "core/learner.hpp"
#include "core/network_layout.hpp"

namespace prl {

class ActorCriticLearner final : public Learner {
 public:
  // Learns from the rounds that the plan describes, of which it holds the plan's shards. V-trace needs the plan's
  // cut_rows. Parameters are taken as they are in `storage`.
  ActorCriticLearner(const NetworkLayout& layout, const ActorCriticSetting& setting, const ActorCriticTargets& targets,
                     const LearnerPlan& plan, LearnerStorage storage);
  ~ActorCriticLearner() override;

  std::span<float> parameters() override { return storage_.parameters; }
  void ingest(const SegmentView& segment) override;
  std::span<double> joint_statistics() override { return statistics_; }
  int updates_due() const override { return 1; }
  void compute_gradient(int update, int shard) override;
  std::span<float> gradient(int shard) override { return storage_.gradients[static_cast<std::size_t>(shard)]; }
  void apply_gradient(ParameterRange range, std::span<const float> gradient, double gradient_square_sum) override;
  void finish_update() override { optimiser_.finish_update(); }
  void finish_round() override { optimiser_.finish_round(); }
  void add_state(RunState& state) override { optimiser_.add_state(state); }

  // Loss terms of the last update, over local shards.
  ActorCriticTerms loss_terms() const;

 private:
  struct Shard;

  void take_trajectory(const TrajectoryView& trajectory, int environment, Shard& shard) const;
  // A and R of all rows from the values and heads of the forward pass that has just been made.
  void correct_off_policy(const VtraceTargets& targets, Shard& shard) const;
  void bootstrap_cuts(Shard& shard) const;

  NetworkLayout layout_;
  ActorCriticSetting setting_;
  ActorCriticTargets targets_;
  LearnerPlan plan_;
  std::vector<double> statistics_;  // where steps may be absent: the rows of the round
  LearnerStorage storage_;
  Optimiser optimiser_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace prl

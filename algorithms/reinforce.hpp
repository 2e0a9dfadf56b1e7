// REINFORCE as a Learner: one gradient step a round, from whole episodes.
//
//   g = -1/E sum over episodes, sum over steps t of (G_t - b(s_t)) grad log pi(a_t|s_t),     theta <- Adam(theta, g)
//
// G_t is the whole episode's return or the reward to go (discounted_returns.hpp), E the episodes of the round. Without a
// baseline b = 0; with one, b = V(s_t), which is fitted to G_t by the squared error (actor_critic_loss.hpp, its M being E).
//
// Source: Williams, "Simple statistical gradient-following algorithms for connectionist reinforcement learning" (Machine
// Learning 8, 1992), section 5 (episodic); Sutton and Barto, "Reinforcement learning" (2nd edition), sections 13.3, 13.4.
// Document D0's listing multiplies log-probabilities, one for each step, by episode returns, one for each episode: arrays of
// different shapes. What it evidently means is done here: each step's log-probability times its own episode's return.
// Deviation: normalised advantages, where they are asked for, have mean 0 and deviation 1 over all steps of the round.
//
// A shard owns whole trajectories, as in actor_critic.hpp. Its rows go through the network a fixed number at a time, so the
// buffers do not grow with the episodes.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "algorithms/reinforce_setting.hpp"
#include "core/learner.hpp"
#include "core/network_layout.hpp"

namespace prl {

class ReinforceLearner final : public Learner {
 public:
  // Learns from rounds of setting.episodes whole episodes; the plan's steps are the most that an environment takes in
  // one. Parameters are taken as they are in `storage`.
  ReinforceLearner(const NetworkLayout& layout, const ReinforceSetting& setting, const LearnerPlan& plan,
                   LearnerStorage storage);
  ~ReinforceLearner() override;

  std::span<float> parameters() override { return storage_.parameters; }
  void ingest(const SegmentView& segment) override;
  // Number, sum and square sum of the advantages, where they are to be normalised.
  std::span<double> joint_statistics() override { return statistics_; }
  int updates_due() const override { return 1; }
  void compute_gradient(int update, int shard) override;
  std::span<float> gradient(int shard) override { return storage_.gradients[static_cast<std::size_t>(shard)]; }
  void apply_gradient(ParameterRange range, std::span<const float> gradient, double gradient_square_sum) override;
  void finish_update() override { optimiser_.finish_update(); }
  void finish_round() override { optimiser_.finish_round(); }
  void add_state(RunState& state) override { optimiser_.add_state(state); }

 private:
  struct Shard;

  void take_trajectory(const TrajectoryView& trajectory, Shard& shard) const;
  void add_statistics(const Shard& shard);
  // Of `rows` of the shard's rows from `begin` on, as the loss takes them.
  std::span<const float> scaled_advantages(Shard& shard, int begin, int rows) const;
  // The gradient of `rows` of the shard's rows from `begin` on.
  void chunk_gradient(Shard& shard, int begin, int rows, std::span<float> gradient) const;

  NetworkLayout layout_;
  ReinforceSetting setting_;
  LearnerPlan plan_;
  LearnerStorage storage_;
  Optimiser optimiser_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<double> statistics_;
};

}  // namespace prl

// Deep Q-learning from a replay as a Learner, with the parts of Ape-X as options.
//
//   for every round: transitions of n steps into the replay (n_step_assembler.hpp);  for every update that is due:
//     batch ~ replay, uniformly or by priority,  targets and g = grad L (dqn_loss.hpp),  g <- g min(1, c / |g|),
//     theta <- Adam(theta, g),  p_i <- |error_i| + 1e-6,  every C updates  theta' <- theta
//
// With C = 0 theta' are the parameters as of the last meeting with other learners, until then the first ones: the global
// theta of a parameter server in delta_i = r + gamma max Q(s', . ; theta) - Q(s, a; theta_i) (document D2, section 4.1).
//
// Sources: Mnih et al., "Human-level control through deep reinforcement learning" (Nature 518, 2015), algorithm 1; Horgan
// et al., "Distributed prioritized experience replay" (ICLR 2018), algorithm 2. Deviations: Adam in place of RMSProp; with
// a replay of the newest transitions there is no random sampling.
//
// Updates follow the steps taken: one every `train_every` environment steps once `learning_starts` steps are taken, and
// none in rounds in which a replay still holds less than its part of a batch. First priorities by the actor
// are Ape-X's (algorithm 1, line 9): the error of n steps by the action values that the actor computed to act, its own
// parameters in place of the target network's, so they cost no further pass through a network. Those by error take the
// learner's networks.
//
// Each shard has a replay of its own environments' transitions and gives its part of each batch; priorities and weights
// are within it. With one shard this is the usual single replay.
//
// A segment may hold any of the environments, as long as each environment's segments come in order. It keeps the
// observations at its cuts (core/segment.hpp): without them the last step of a truncated episode would be left out.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "algorithms/adam.hpp"
#include "algorithms/differentiable_network.hpp"
#include "algorithms/dqn_setting.hpp"
#include "algorithms/replay/prioritised_replay.hpp"
#include "algorithms/replay/replay_buffer.hpp"
#include "core/aligned_buffer.hpp"
#include "core/learner.hpp"
#include "core/network_layout.hpp"

namespace prl {

class DqnLearner final : public Learner {
 public:
  // Learns from the rounds that the plan describes, of which it holds the plan's shards. Parameters are taken as they are
  // in `storage`; the target network is copied from them with the first segment. Throws std::invalid_argument,
  // std::bad_alloc.
  DqnLearner(const NetworkLayout& layout, const DqnSetting& setting, const LearnerPlan& plan, LearnerStorage storage);
  ~DqnLearner() override;

  std::span<float> parameters() override { return storage_.parameters; }
  // Throws std::invalid_argument where the actors' action values are wanted and the segment has none.
  void ingest(const SegmentView& segment) override;
  // Transitions that the lost steps would have completed are left out.
  void lose_steps(int first, int count) override;
  // How many local shards hold their part of a batch; transitions that they took from the segment; that they hold.
  std::span<double> joint_statistics() override { return joint_; }
  int updates_due() const override;
  void compute_gradient(int update, int shard) override;
  std::span<float> gradient(int shard) override { return storage_.gradients[static_cast<std::size_t>(shard)]; }
  void apply_gradient(ParameterRange range, std::span<const float> gradient, double gradient_square_sum) override;
  void finish_update() override;
  void finish_round() override;
  void take_agreed() override;
  std::optional<ReplayCounts> replay_counts() const override { return counts_; }
  // Of every local shard its replay, priorities, and the steps that are held back.
  void add_state(RunState& state) override;

  // A local shard's replay and its priorities (null without), and of the batch that its last gradient was computed from:
  // where its transitions lie in it, and the shard's part of the loss.
  const ReplayBuffer& replay(int shard) const;
  const PrioritisedReplay* priorities(int shard) const;
  std::span<const int> batch_slots(int shard) const;
  double loss(int shard) const;
  // The target network's parameters.
  std::span<const float> target_parameters() const { return target_.span(); }

 private:
  struct Shard;

  // Returns how many transitions came into the shard's replay.
  int take_steps(const SegmentView& segment, Shard& shard);
  void set_first_priorities(Shard& shard, int added);
  void refresh_target();
  void draw_batch(Shard& shard) const;
  // Targets of the first `rows` rows of the shard's batch.
  void compute_targets(Shard& shard, int rows) const;
  float importance_exponent() const;

  NetworkLayout layout_;
  DqnSetting setting_;
  LearnerPlan plan_;
  LearnerStorage storage_;
  AlignedBuffer<float> target_;
  Adam adam_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::array<double, 3> joint_{};
  ReplayCounts counts_;
  long steps_before_ = 0;  // the last segment
  long steps_taken_ = 0;
  long round_ = 0;
};

}  // namespace prl

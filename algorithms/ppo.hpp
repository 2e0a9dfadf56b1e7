// Proximal policy optimisation as a Learner: GAE, shuffled minibatches over several epochs, the clipped objective, Adam.
//
//   for every round: A, R by GAE;  for every epoch and minibatch:
//     A <- (A - mean A) / (std A + 1e-8) over the joined minibatch,
//     g = grad L (ppo_loss.hpp),  g <- g min(1, c / |g|),  theta <- Adam(theta, g)
//
// Source: Schulman et al., "Proximal policy optimization algorithms" (2017), algorithm 1; details that change results
// follow Huang et al., "The 37 implementation details of proximal policy optimization" (2022): orthogonal
// initialisation, Adam's epsilon 1e-5, annealing, advantage normalisation by minibatch, clipping by the global norm.
// Deviation: with several shards a minibatch is stratified by shard (minibatch_plan.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "algorithms/adam.hpp"
#include "algorithms/differentiable_network.hpp"
#include "algorithms/gradient_step.hpp"
#include "algorithms/minibatch_plan.hpp"
#include "algorithms/ppo_loss.hpp"
#include "algorithms/ppo_setting.hpp"
#include "core/learner.hpp"
#include "core/network_layout.hpp"

namespace prl {

class PpoLearner final : public Learner {
 public:
  // Learns from the rounds that the plan describes, of which it holds the plan's shards. Parameters are taken as they are
  // in `storage`. Throws std::invalid_argument.
  PpoLearner(const NetworkLayout& layout, const PpoSetting& setting, const LearnerPlan& plan, LearnerStorage storage);
  ~PpoLearner() override;

  std::span<float> parameters() override { return storage_.parameters; }
  void ingest(const SegmentView& segment) override;
  std::span<double> joint_statistics() override { return statistics_; }
  int updates_due() const override { return plan_.updates(); }
  void compute_gradient(int update, int shard) override;
  int gradient_parts() const override;
  int part_of_parameter(std::size_t parameter) const override;
  void compute_gradient_part(int update, int shard, int part) override;
  std::span<float> gradient(int shard) override { return storage_.gradients[static_cast<std::size_t>(shard)]; }
  void apply_gradient(ParameterRange range, std::span<const float> gradient, double gradient_square_sum) override;
  void finish_update() override { adam_.finish_update(); }
  void finish_round() override;
  void add_state(RunState& state) override;

  // Loss terms added up over the updates of the round so far, over local shards.
  PpoLossTerms loss_terms() const;

 private:
  struct Shard;
  struct Part;

  // Which networks a part holds.
  bool has_policy(int part) const { return part == 0; }
  bool has_value(int part) const { return part == gradient_parts() - 1; }
  // Returns how many there are.
  int take_samples(const SegmentView& segment, Shard& shard);
  void add_statistics(const Shard& shard);
  void gather_rows(const Shard& shard, std::span<const int> rows, int part, Part& to) const;
  void normalise(Part& batch, int update, int rows) const;
  float learning_rate() const;
  // Of all holders of shards together.
  int total_rows(int update) const;

  NetworkLayout layout_;
  PpoSetting setting_;
  int steps_;
  std::uint64_t seed_;
  long total_rounds_;
  LearnerStorage storage_;
  MinibatchPlan plan_;
  Adam adam_;
  RoundCount rounds_;
  std::vector<std::unique_ptr<Shard>> shards_;
  bool absent_steps_;
  // Of each update the sum and the square sum of its advantages, where they are normalised; then, where steps may be
  // absent, of each update its rows.
  std::size_t advantage_sums_;
  std::vector<double> statistics_;
  long round_ = 0;
};

}  // namespace prl

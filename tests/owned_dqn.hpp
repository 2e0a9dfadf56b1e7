// A DQN learner with buffers of its own, and environments that collect for it.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "algorithms/autograd_network.hpp"
#include "algorithms/dqn.hpp"
#include "algorithms/initialisation.hpp"
#include "tests/small_run.hpp"

namespace prl::test {

struct DqnCase {
  NetworkSpec network;
  DqnSetting setting;
  int environments = 4;
  int steps = 8;
  long total_rounds = 100;
};

class OwnedDqn {
 public:
  explicit OwnedDqn(const DqnCase& c, ShardPlan shards = {})
      : layout_(c.network),
        parameters_(layout_.parameter_count),
        gradients_(buffers(layout_, shards.count)),
        sum_(layout_.parameter_count),
        shards_(shards),
        learner_(layout_, c.setting, {shards, c.environments, c.steps, kRunSeed, c.total_rounds}, storage()) {
    use_one_torch_thread();
    initialise_parameters(layout_, kRunSeed, parameters_.span());
  }

  DqnLearner& learner() { return learner_; }
  const NetworkLayout& layout() const { return layout_; }
  const float* parameters() const { return parameters_.data(); }
  std::vector<float> parameter_copy() const { return {parameters_.data(), parameters_.data() + parameters_.size()}; }

  std::span<const float> summed_gradient(int update) {
    for (int s = 0; s < shards_.count; ++s) {
      learner_.compute_gradient(update, s);
      const std::span<const float> gradient = learner_.gradient(s);
      for (std::size_t i = 0; i < gradient.size(); ++i) sum_[i] = s == 0 ? gradient[i] : sum_[i] + gradient[i];
    }
    return sum_.span();
  }

  void apply(std::span<const float> gradient) {
    learner_.apply_gradient({0, gradient.size()}, gradient, square_sum(gradient));
    learner_.finish_update();
  }

  // A whole round as the only learner. Returns the updates made.
  int learn(const SegmentView& segment) {
    learner_.ingest(segment);
    const int updates = learner_.updates_due();
    for (int update = 0; update < updates; ++update) apply(summed_gradient(update));
    learner_.finish_round();
    return updates;
  }

 private:
  static std::vector<AlignedBuffer<float>> buffers(const NetworkLayout& layout, int count) {
    std::vector<AlignedBuffer<float>> all;
    for (int s = 0; s < count; ++s) all.emplace_back(layout.parameter_count);
    return all;
  }

  LearnerStorage storage() {
    LearnerStorage storage{parameters_.span(), {}};
    for (auto& gradient : gradients_) storage.gradients.push_back(gradient.span());
    return storage;
  }

  NetworkLayout layout_;
  AlignedBuffer<float> parameters_;
  std::vector<AlignedBuffer<float>> gradients_;
  AlignedBuffer<float> sum_;
  ShardPlan shards_;
  DqnLearner learner_;
};

// Collects rounds serially, with the exploration of the case. `keeps_cuts`: segments hold the observations at cuts.
template <Environment E>
class DqnRun {
 public:
  explicit DqnRun(const DqnCase& c, bool keeps_cuts = true)
      : blocks_(layout_of(c, keeps_cuts), c.environments),
        actor_({NetworkLayout(c.network), kRunSeed, {}, exploration_of(c)}, 0, c.environments) {}

  const SegmentView& collect(const float* parameters) {
    const std::atomic<bool> stop{false};
    actor_.collect(parameters, blocks_.view(), stop);
    return blocks_.view();
  }

 private:
  static SegmentLayout layout_of(const DqnCase& c, bool keeps_cuts) {
    SegmentLayout layout = segment_layout(c.network, c.steps);
    if (keeps_cuts) layout.cut_rows = most_cuts(c.steps, E::kTimeLimit);
    layout.action_values = wants_action_values(c.setting);
    return layout;
  }

  static ExplorationSetting exploration_of(const DqnCase& c) {
    ExplorationSetting exploration = c.setting.exploration;
    exploration.environments = c.environments;
    exploration.dueling = c.setting.loss.dueling;
    return exploration;
  }

  Blocks blocks_;
  RolloutActor<E> actor_;
};

}  // namespace prl::test

// Learners with buffers of their own, and the steps of a round that whatever runs them takes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "algorithms/autograd_network.hpp"
#include "algorithms/initialisation.hpp"
#include "algorithms/ppo.hpp"
#include "algorithms/rules.hpp"
#include "tests/small_run.hpp"

namespace prl::test {

// The size of a round, and what the learner does with it.
struct LearnerCase {
  NetworkSpec network;
  PpoSetting setting;
  int environments = 16;
  int steps = 16;
  long total_rounds = 100;
};

// `L` is the learner's type: what tests see of it.
template <typename L>
class Owned {
 public:
  // `make` is called with the layout, the initial parameters in place, and the storage.
  template <typename Make>
  Owned(const NetworkSpec& network, ShardPlan shards, const Make& make)
      : layout_(network),
        parameters_(layout_.parameter_count),
        gradients_(gradient_buffers(layout_, shards.count)),
        sum_(layout_.parameter_count),
        shards_(shards) {
    // Waiting LibTorch threads would take the cores from tests that run beside this one.
    use_one_torch_thread();
    initialise_parameters(layout_, kRunSeed, parameters_.span());
    learner_ = make(layout_, storage());
  }

  L& learner() { return *learner_; }
  const NetworkLayout& layout() const { return layout_; }
  const float* parameters() const { return parameters_.data(); }
  std::vector<float> parameter_copy() const { return {parameters_.data(), parameters_.data() + parameters_.size()}; }
  int shard_count() const { return shards_.count; }

  // The sum of all local shards' gradients of one update, shard after shard.
  std::span<const float> summed_gradient(int update) {
    for (int s = 0; s < shards_.count; ++s) {
      learner_->compute_gradient(update, s);
      const std::span<const float> gradient = learner_->gradient(s);
      for (std::size_t i = 0; i < gradient.size(); ++i) sum_[i] = s == 0 ? gradient[i] : sum_[i] + gradient[i];
    }
    return sum_.span();
  }

  void apply(std::span<const float> gradient) {
    learner_->apply_gradient({0, gradient.size()}, gradient, square_sum(gradient));
    learner_->finish_update();
  }

  // A whole round as the only learner.
  void learn(const SegmentView& segment) {
    learner_->ingest(segment);
    for (int update = 0; update < learner_->updates_due(); ++update) apply(summed_gradient(update));
    learner_->finish_round();
  }

 private:
  static std::vector<AlignedBuffer<float>> gradient_buffers(const NetworkLayout& layout, int count) {
    std::vector<AlignedBuffer<float>> buffers;
    buffers.reserve(static_cast<std::size_t>(count));
    for (int s = 0; s < count; ++s) buffers.emplace_back(layout.parameter_count);
    return buffers;
  }

  LearnerStorage storage() {
    LearnerStorage storage;
    storage.parameters = parameters_.span();
    for (auto& gradient : gradients_) storage.gradients.push_back(gradient.span());
    return storage;
  }

  NetworkLayout layout_;
  AlignedBuffer<float> parameters_;
  std::vector<AlignedBuffer<float>> gradients_;
  AlignedBuffer<float> sum_;
  ShardPlan shards_;
  std::unique_ptr<L> learner_;
};

class OwnedLearner final : public Owned<PpoLearner> {
 public:
  OwnedLearner(const LearnerCase& c, ShardPlan shards)
      : Owned(c.network, shards, [&](const NetworkLayout& layout, LearnerStorage storage) {
          const LearnerPlan plan{shards, c.environments, c.steps, kRunSeed, c.total_rounds};
          return std::make_unique<PpoLearner>(layout, c.setting, plan, std::move(storage));
        }) {}
};

// Any rule, by its setting.
class OwnedRule final : public Owned<Learner> {
 public:
  OwnedRule(const NetworkSpec& network, const RuleSetting& setting, const LearnerPlan& plan)
      : Owned(network, plan.shards, [&](const NetworkLayout& layout, LearnerStorage storage) {
          return make_learner(setting, layout, plan, std::move(storage));
        }) {}
};

}  // namespace prl::test

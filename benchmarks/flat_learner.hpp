// A learner whose gradients are given and never computed: what is left of an update is agreeing on it.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "algorithms/adam.hpp"
#include "algorithms/ppo.hpp"
#include "core/learner.hpp"

namespace prl {

// What applying the summed gradient does.
enum class Application {
  kAdam,  // an optimiser step, as in training
  kCopy,  // the sum becomes the parameters, so that an update is an all-reduce and nothing else
};

class FlatLearner final : public Learner {
 public:
  FlatLearner(LearnerStorage storage, Application application, int updates)
      : storage_(std::move(storage)), updates_(updates) {
    if (application == Application::kAdam) adam_.emplace(storage_.parameters.size(), AdamSetting{});
    for (const std::span<float> gradient : storage_.gradients) std::fill(gradient.begin(), gradient.end(), 1e-3F);
  }

  std::span<float> parameters() override { return storage_.parameters; }
  void ingest(const SegmentView& /*segment*/) override {}
  std::span<double> joint_statistics() override { return {}; }
  int updates_due() const override { return updates_; }
  void compute_gradient(int /*update*/, int /*shard*/) override {}
  std::span<float> gradient(int shard) override { return storage_.gradients[static_cast<std::size_t>(shard)]; }

  void apply_gradient(ParameterRange range, std::span<const float> gradient, double /*gradient_square_sum*/) override {
    if (adam_) {
      adam_->step(range, storage_.parameters, gradient, 1.0F, 3e-4F);
    } else {
      std::copy_n(gradient.data() + range.begin, range.size(), storage_.parameters.data() + range.begin);
    }
  }

  void finish_update() override {
    if (adam_) adam_->finish_update();
  }
  void finish_round() override {}

 private:
  LearnerStorage storage_;
  std::optional<Adam> adam_;
  int updates_;
};

}  // namespace prl

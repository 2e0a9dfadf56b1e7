// A learner whose gradients are a known function of (parameters, update, shard), and what joining them must give,
// computed by one thread from the definition.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>
#include <vector>

#include "core/learner.hpp"
#include "parallel/agree/gradient_agreement.hpp"
#include "tests/parallel_fakes.hpp"

namespace prl::test {

inline float fake_gradient(float parameter, int update, int shard, std::size_t i) {
  return mixed(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(update), static_cast<std::uint32_t>(shard),
               9) -
         0.5F + 0.1F * parameter;
}

inline float fake_step(float parameter, float gradient, double gradient_square_sum) {
  return parameter - 0.05F * gradient / static_cast<float>(std::sqrt(gradient_square_sum));
}

class FakeLearner final : public Learner {
 public:
  FakeLearner(ShardPlan plan, int updates, std::span<float> parameters, std::vector<std::span<float>> gradients)
      : plan_(plan), updates_(updates), parameters_(parameters), gradients_(std::move(gradients)) {}

  std::span<float> parameters() override { return parameters_; }
  void ingest(const SegmentView&) override {}
  std::span<double> joint_statistics() override { return {}; }
  int updates_due() const override { return updates_; }
  void compute_gradient(int update, int shard) override {
    if (update == fails_at_ && shard == plan_.count - 1) throw std::runtime_error("the gradient is not a number");
    for (int part = 0; part < parts_; ++part) compute_gradient_part(update, shard, part);
  }
  int gradient_parts() const override { return parts_; }
  // Every part has a long range and, like a network's head, a short one at the end.
  int part_of_parameter(std::size_t i) const override {
    const std::size_t heads = std::min(parameters_.size(), 10 * static_cast<std::size_t>(parts_));
    const std::size_t stacks = parameters_.size() - heads;
    const auto parts = static_cast<std::size_t>(parts_);
    return static_cast<int>(i < stacks ? i * parts / stacks : (i - stacks) * parts / heads);
  }
  void compute_gradient_part(int /*update*/, int shard, int part) override {
    const std::span<float> gradient = gradients_[static_cast<std::size_t>(shard)];
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      if (part_of_parameter(i) == part) gradient[i] = fake_gradient(parameters_[i], finished_, plan_.first + shard, i);
    }
  }
  std::span<float> gradient(int shard) override { return gradients_[static_cast<std::size_t>(shard)]; }
  void apply_gradient(ParameterRange range, std::span<const float> gradient, double gradient_square_sum) override {
    for (std::size_t i = range.begin; i < range.end; ++i) {
      parameters_[i] = fake_step(parameters_[i], gradient[i], gradient_square_sum);
    }
  }
  void finish_update() override { ++finished_; }
  void finish_round() override {}

  void fail_at(int update) { fails_at_ = update; }
  void divide_into(int parts) { parts_ = parts; }
  int finished_updates() const { return finished_; }

 private:
  ShardPlan plan_;
  int updates_;
  std::span<float> parameters_;
  std::vector<std::span<float>> gradients_;
  int finished_ = 0;
  int fails_at_ = -1;
  int parts_ = 1;
};

// A member's parameters after `updates` updates with one shard a member.
inline std::vector<float> learn_as_member(int member, int members, GradientAgreement& agreement,
                                          std::size_t parameter_count, int updates) {
  std::vector<float> parameters(parameter_count);
  std::vector<float> gradient(parameter_count);
  set_parameters(parameters, 0);
  FakeLearner learner({members, member, 1}, updates, parameters, {gradient});
  for (int update = 0; update < updates; ++update) {
    learner.compute_gradient(update, 0);
    agreement.update(learner);
  }
  return parameters;
}

// Parameters after `updates` updates with all `shards` shards, by the definition.
inline std::vector<float> joined_by_hand(std::size_t parameter_count, int shards, int updates) {
  std::vector<float> parameters(parameter_count);
  set_parameters(parameters, 0);
  std::vector<float> sum(parameter_count);
  for (int update = 0; update < updates; ++update) {
    for (std::size_t i = 0; i < parameter_count; ++i) {
      sum[i] = fake_gradient(parameters[i], update, 0, i);
      for (int shard = 1; shard < shards; ++shard) sum[i] += fake_gradient(parameters[i], update, shard, i);
    }
    double total = 0.0;
    for (int shard = 0; shard < shards; ++shard) {
      const ParameterRange range = range_of(shard, shards, parameter_count);
      total += square_sum(std::span<const float>(sum).subspan(range.begin, range.size()));
    }
    for (std::size_t i = 0; i < parameter_count; ++i) parameters[i] = fake_step(parameters[i], sum[i], total);
  }
  return parameters;
}

}  // namespace prl::test

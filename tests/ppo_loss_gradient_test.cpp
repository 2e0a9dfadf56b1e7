// The derivatives of PPO's objective against central differences of the objective itself, evaluated in double precision.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>
#include <vector>

#include "algorithms/ppo_loss.hpp"
#include "core/random.hpp"
#include "tests/catch2.hpp"
#include "tests/double_policy.hpp"

namespace {

using prl::ActionKind;
using prl::NetworkSpec;
using prl::PpoLossSetting;
using prl::test::row_entropy;
using prl::test::row_log_prob;

constexpr std::size_t kRows = 40;

// A minibatch in which some ratios and values lie inside and some outside the clip range.
struct Minibatch {
  std::vector<double> heads, values, log_std;  // what the objective is differentiated by
  std::vector<float> actions, old_log_probs, old_values, advantages, returns;
};

// Equation 9 of the paper with its sign turned, as written in algorithms/ppo_loss.hpp.
double objective(const NetworkSpec& spec, const PpoLossSetting& setting, const Minibatch& batch) {
  const auto clip = static_cast<double>(setting.clip);
  double sum = 0.0;
  for (std::size_t r = 0; r < kRows; ++r) {
    const double ratio = std::exp(row_log_prob(spec, batch, r) - static_cast<double>(batch.old_log_probs[r]));
    const auto advantage = static_cast<double>(batch.advantages[r]);
    sum -= std::min(ratio * advantage, std::clamp(ratio, 1.0 - clip, 1.0 + clip) * advantage);
    const auto target = static_cast<double>(batch.returns[r]);
    const auto old_value = static_cast<double>(batch.old_values[r]);
    double error = std::pow(batch.values[r] - target, 2);
    if (setting.clip_value) {
      const double held = old_value + std::clamp(batch.values[r] - old_value, -clip, clip);
      error = std::max(error, std::pow(held - target, 2));
    }
    sum += static_cast<double>(setting.value_coefficient) * error;
    sum -= static_cast<double>(setting.entropy_coefficient) * row_entropy(spec, batch, r);
  }
  return sum / kRows;
}

Minibatch random_minibatch(const NetworkSpec& spec) {
  prl::Rng rng(9, prl::RandomPurpose::kAction, static_cast<std::uint32_t>(spec.head_size), 0);
  const auto size = static_cast<std::size_t>(spec.head_size);
  const bool gaussian = spec.action_kind == ActionKind::kContinuous;
  Minibatch batch;
  // Rounded to floats once, so that both sides differentiate at the same point.
  if (gaussian) {
    for (std::size_t d = 0; d < size; ++d) batch.log_std.push_back(static_cast<double>(0.3F * rng.normal()));
  }
  for (std::size_t i = 0; i < kRows * size; ++i) batch.heads.push_back(static_cast<double>(rng.normal()));
  for (std::size_t r = 0; r < kRows; ++r) {
    if (gaussian) {
      for (std::size_t d = 0; d < size; ++d) batch.actions.push_back(rng.normal());
    } else {
      batch.actions.push_back(static_cast<float>(rng.below(static_cast<std::uint32_t>(size))));
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    batch.old_log_probs.push_back(static_cast<float>(row_log_prob(spec, batch, r)) + 0.3F * rng.normal());
    batch.old_values.push_back(rng.normal());
    batch.values.push_back(static_cast<double>(batch.old_values[r] + 0.3F * rng.normal()));
    batch.advantages.push_back(rng.normal());
    batch.returns.push_back(rng.normal());
  }
  return batch;
}

std::vector<float> to_floats(const std::vector<double>& values) { return {values.begin(), values.end()}; }

// Compares `derivatives` with central differences of the objective in each of `variables`, which are part of `batch`.
void check_derivatives(const NetworkSpec& spec, const PpoLossSetting& setting, const Minibatch& batch,
                       std::vector<double>& variables, const std::vector<float>& derivatives) {
  constexpr double kStep = 1e-6;
  // One row's share of the mean, 1 / kRows, to four digits.
  constexpr double kTolerance = 2.5e-6;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const double at = variables[i];
    variables[i] = at + kStep;
    const double above = objective(spec, setting, batch);
    variables[i] = at - kStep;
    const double below = objective(spec, setting, batch);
    variables[i] = at;
    CAPTURE(i, derivatives[i]);
    CHECK(std::abs(static_cast<double>(derivatives[i]) - (above - below) / (2.0 * kStep)) < kTolerance);
  }
}

}  // namespace

TEST_CASE("Derivatives by policy head, value and log standard deviation equal central differences") {
  const auto [kind, head_size] = GENERATE(std::pair{ActionKind::kContinuous, 1}, std::pair{ActionKind::kContinuous, 3},
                                          std::pair{ActionKind::kDiscrete, 2}, std::pair{ActionKind::kDiscrete, 5});
  const bool clip_value = GENERATE(false, true);
  const float entropy_coefficient = GENERATE(0.0F, 0.5F);
  CAPTURE(head_size, clip_value, entropy_coefficient);
  NetworkSpec spec;
  spec.observation_size = 1;
  spec.head_size = head_size;
  spec.action_kind = kind;
  const PpoLossSetting setting{
      .clip = 0.2F, .value_coefficient = 0.7F, .entropy_coefficient = entropy_coefficient, .clip_value = clip_value};
  Minibatch batch = random_minibatch(spec);
  const std::vector<float> heads = to_floats(batch.heads);
  const std::vector<float> values = to_floats(batch.values);
  const std::vector<float> log_std = to_floats(batch.log_std);
  std::vector<float> d_heads(heads.size()), d_values(kRows), d_log_std(log_std.size());
  const prl::PpoRows rows{kRows,
                          kRows,
                          heads.data(),
                          values.data(),
                          batch.actions.data(),
                          batch.old_log_probs.data(),
                          batch.old_values.data(),
                          batch.advantages.data(),
                          batch.returns.data()};
  const prl::PpoLossTerms terms =
      prl::ppo_loss(spec, setting, rows, log_std.data(), d_heads.data(), d_values.data(), d_log_std.data());
  const double loss = terms.policy + static_cast<double>(setting.value_coefficient) * terms.value -
                      static_cast<double>(entropy_coefficient) * terms.entropy;
  CHECK(std::abs(loss - objective(spec, setting, batch)) < 1e-5);
  CHECK(terms.clip_fraction > 0.2);
  CHECK(terms.clip_fraction < 0.8);
  check_derivatives(spec, setting, batch, batch.heads, d_heads);
  check_derivatives(spec, setting, batch, batch.values, d_values);
  check_derivatives(spec, setting, batch, batch.log_std, d_log_std);
}

TEST_CASE("The derivative by the log standard deviation is added to what is there") {
  NetworkSpec spec;
  spec.observation_size = 1;
  spec.head_size = 1;
  const float zero = 0.0F;
  const float log_prob = -0.918938533F;
  float d_head = 7.0F;
  float d_value = 7.0F;
  float d_log_std = 7.0F;
  const prl::PpoRows rows{1, 1, &zero, &zero, &zero, &log_prob, &zero, &zero, &zero};
  prl::ppo_loss(spec, {.entropy_coefficient = 0.25F}, rows, &zero, &d_head, &d_value, &d_log_std);
  CHECK(d_head == 0.0F);
  CHECK(d_value == 0.0F);
  CHECK(d_log_std == 6.75F);
}

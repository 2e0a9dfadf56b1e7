// Targets, losses and derivatives of action values: by hand, and against central differences of the loss in double
// precision.
#include "algorithms/dqn_loss.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/random.hpp"
#include "tests/catch2.hpp"

namespace {

using prl::DqnLossSetting;
using prl::NetworkSpec;
using prl::TdLoss;

NetworkSpec spec_with(int actions) {
  NetworkSpec spec;
  spec.observation_size = 1;
  spec.head_size = actions;
  spec.action_kind = prl::ActionKind::kDiscrete;
  return spec;
}

std::vector<float> targets_of(const DqnLossSetting& setting, const std::vector<float>& discounts) {
  // Two rows of three actions; the two networks prefer different ones.
  const std::vector<float> target_heads = {1.0F, 5.0F, 3.0F, -1.0F, -2.0F, -6.0F};
  const std::vector<float> online_heads = {9.0F, 0.0F, 2.0F, 0.0F, 0.5F, 0.25F};
  const std::vector<float> target_values = {10.0F, 20.0F};
  const std::vector<float> nothing = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::quiet_NaN()};
  const std::vector<float> rewards = {1.0F, 2.0F};
  std::vector<float> targets(2);
  prl::td_targets(spec_with(3), setting, 2, rewards.data(), discounts.data(),
                  {target_heads.data(), setting.dueling ? target_values.data() : nothing.data()},
                  {setting.double_q ? online_heads.data() : nullptr, nullptr}, targets.data());
  return targets;
}

// The loss of one row with three heads, whose gradient by head and value is returned with it.
struct Row {
  double loss = 0.0;
  std::vector<float> d_heads = std::vector<float>(3);
  float d_value = 0.0F;
  float error = 0.0F;
};

Row row_of(const DqnLossSetting& setting, float target, float weight) {
  const std::vector<float> heads = {1.0F, 4.0F, -2.0F};
  const float value = 0.5F;
  const float action = 1.0F;
  Row row;
  row.loss = prl::dqn_loss(spec_with(3), setting, {1, 2, {heads.data(), &value}, &action, &target, &weight},
                           row.d_heads.data(), &row.d_value, &row.error);
  return row;
}

}  // namespace

TEST_CASE("Targets by hand: greatest value, double, dueling, and after termination") {
  const DqnLossSetting plain{.double_q = false};
  CHECK(targets_of(plain, {0.5F, 0.25F}) == std::vector<float>{1.0F + 0.5F * 5.0F, 2.0F - 0.25F * 1.0F});
  const DqnLossSetting twice{.double_q = true};
  CHECK(targets_of(twice, {0.5F, 0.25F}) == std::vector<float>{1.0F + 0.5F * 1.0F, 2.0F - 0.25F * 2.0F});
  // Means of the heads: 3 and -3. V + A - mean: 10 + 5 - 3 and 20 - 1 + 3; double: 10 + 1 - 3 and 20 - 2 + 3.
  const DqnLossSetting dueling{.double_q = false, .dueling = true};
  CHECK(targets_of(dueling, {0.5F, 0.25F}) == std::vector<float>{1.0F + 6.0F, 2.0F + 5.5F});
  const DqnLossSetting both{.double_q = true, .dueling = true};
  CHECK(targets_of(both, {0.5F, 0.25F}) == std::vector<float>{1.0F + 4.0F, 2.0F + 5.25F});
  CHECK(targets_of(twice, {0.0F, 0.0F}) == std::vector<float>{1.0F, 2.0F});
}

TEST_CASE("Losses and derivatives by hand, of half a batch") {
  // Error 0.5, weight 0.5, one of two rows: squared 0.25 / 4, Huber 0.125 / 4.
  const Row squared = row_of({.loss = TdLoss::kSquared}, 4.5F, 0.5F);
  CHECK(squared.error == 0.5F);
  CHECK(squared.loss == 0.0625);
  CHECK(squared.d_heads == std::vector<float>{0.0F, -0.25F, 0.0F});
  CHECK(squared.d_value == 0.0F);
  const Row huber = row_of({.loss = TdLoss::kHuber}, 4.5F, 0.5F);
  CHECK(huber.loss == 0.03125);
  CHECK(huber.d_heads == std::vector<float>{0.0F, -0.125F, 0.0F});
  // Error -7: Huber 6.5 / 4, derivative of size 1.
  const Row far = row_of({.loss = TdLoss::kHuber}, -3.0F, 0.5F);
  CHECK(far.loss == 1.625);
  CHECK(far.d_heads == std::vector<float>{0.0F, 0.25F, 0.0F});
  // Dueling: Q = 0.5 + 4 - 1 = 3.5; the mean takes a third from every head.
  const Row dueling = row_of({.loss = TdLoss::kSquared, .dueling = true}, 5.0F, 1.0F);
  CHECK(dueling.error == 1.5F);
  CHECK(dueling.d_value == -1.5F);
  CHECK(dueling.d_heads == std::vector<float>{0.5F, -1.0F, 0.5F});
}

TEST_CASE("Derivatives by head and value equal central differences") {
  constexpr std::size_t kRows = 30;
  const TdLoss kind = GENERATE(TdLoss::kSquared, TdLoss::kHuber);
  const bool dueling = GENERATE(false, true);
  const bool weighted = GENERATE(false, true);
  const int actions = GENERATE(1, 2, 5);
  CAPTURE(dueling, weighted, actions);
  const auto size = static_cast<std::size_t>(actions);
  prl::Rng rng(1, prl::RandomPurpose::kAction, static_cast<std::uint32_t>(actions), 0);
  std::vector<float> heads(kRows * size), values(kRows), taken(kRows), targets(kRows), weights(kRows);
  for (float& head : heads) head = rng.normal();
  for (std::size_t r = 0; r < kRows; ++r) {
    values[r] = rng.normal();
    taken[r] = static_cast<float>(rng.below(static_cast<std::uint32_t>(actions)));
    targets[r] = 2.0F * rng.normal();
    weights[r] = weighted ? rng.uniform<float>() : 1.0F;
  }
  std::vector<double> variables(heads.begin(), heads.end());
  variables.insert(variables.end(), values.begin(), values.end());
  const auto loss = [&] {
    double sum = 0.0;
    for (std::size_t r = 0; r < kRows; ++r) {
      const double* head = &variables[r * size];
      double q = head[static_cast<std::size_t>(taken[r])];
      if (dueling) {
        double mean = 0.0;
        for (std::size_t k = 0; k < size; ++k) mean += head[k] / actions;
        q += variables[kRows * size + r] - mean;
      }
      const double error = static_cast<double>(targets[r]) - q;
      const bool inside = std::abs(error) <= 1.0;
      const double huber = inside ? 0.5 * error * error : std::abs(error) - 0.5;
      sum += static_cast<double>(weights[r]) * (kind == TdLoss::kSquared ? error * error : huber);
    }
    return sum / kRows;
  };
  std::vector<float> d_heads(heads.size()), d_values(kRows), errors(kRows);
  const double value = prl::dqn_loss(
      spec_with(actions), {.loss = kind, .dueling = dueling},
      {kRows, kRows, {heads.data(), values.data()}, taken.data(), targets.data(), weighted ? weights.data() : nullptr},
      d_heads.data(), d_values.data(), errors.data());
  CHECK(std::abs(value - loss()) < 1e-5);
  std::vector<float> derivatives = d_heads;
  derivatives.insert(derivatives.end(), d_values.begin(), d_values.end());
  constexpr double kStep = 1e-6;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const double at = variables[i];
    variables[i] = at + kStep;
    const double above = loss();
    variables[i] = at - kStep;
    const double below = loss();
    variables[i] = at;
    CAPTURE(i, derivatives[i]);
    CHECK(std::abs(static_cast<double>(derivatives[i]) - (above - below) / (2.0 * kStep)) < 2e-6);
  }
}

// PPO's clipped objective, case by case, from log-probabilities chosen so that the importance ratio is known.
#include "algorithms/ppo_loss.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "core/action_distribution.hpp"
#include "core/random.hpp"
#include "tests/catch2.hpp"

namespace {

using prl::NetworkSpec;
using prl::PpoLossSetting;
using prl::PpoLossTerms;
using prl::PpoRows;

NetworkSpec policy_of(prl::ActionKind kind, int head_size) {
  NetworkSpec spec;
  spec.observation_size = 1;
  spec.head_size = head_size;
  spec.action_kind = kind;
  return spec;
}

// One row of a standard normal policy with action 1, for which d log pi / d mean is 1: d_head is d loss / d log pi.
struct Row {
  float ratio = 1.0F;
  float advantage = 0.0F;
  float value = 0.0F;
  float old_value = 0.0F;
  float target = 0.0F;
};

struct Result {
  PpoLossTerms terms;
  float d_head = 0.0F;
  float d_value = 0.0F;
  float d_log_std = 0.0F;
};

Result loss_of(const Row& row, const PpoLossSetting& setting) {
  const float mean = 0.0F;
  const float log_std = 0.0F;
  const float action = 1.0F;
  const float old_log_prob = -0.5F - prl::kHalfLogTwoPi - std::log(row.ratio);
  Result result;
  const PpoRows rows{.rows = 1,
                     .total_rows = 1,
                     .heads = &mean,
                     .values = &row.value,
                     .actions = &action,
                     .old_log_probs = &old_log_prob,
                     .old_values = &row.old_value,
                     .advantages = &row.advantage,
                     .returns = &row.target};
  result.terms = prl::ppo_loss(policy_of(prl::ActionKind::kContinuous, 1), setting, rows, &log_std, &result.d_head,
                               &result.d_value, &result.d_log_std);
  return result;
}

bool close(double actual, double expected) { return std::abs(actual - expected) <= 1e-6 * (1.0 + std::abs(expected)); }

}  // namespace

TEST_CASE("The surrogate is bounded where the ratio has left the clip range to the better side, and only there") {
  struct Case {
    float ratio, advantage;
    double loss, d_log_prob, clip_fraction;
  };
  const std::array<Case, 8> cases = {{{1.1F, 1.0F, -1.1, -1.1, 0.0},
                                      {1.1F, -1.0F, 1.1, 1.1, 0.0},
                                      {0.9F, 1.0F, -0.9, -0.9, 0.0},
                                      {0.9F, -2.0F, 1.8, 1.8, 0.0},
                                      {1.5F, 2.0F, -2.4, 0.0, 1.0},
                                      {1.5F, -1.0F, 1.5, 1.5, 1.0},
                                      {0.5F, 1.0F, -0.5, -0.5, 1.0},
                                      {0.5F, -1.0F, 0.8, 0.0, 1.0}}};
  const PpoLossSetting setting;
  for (const Case& expected : cases) {
    CAPTURE(expected.ratio, expected.advantage);
    const Result result = loss_of({.ratio = expected.ratio, .advantage = expected.advantage}, setting);
    CHECK(close(result.terms.policy, expected.loss));
    CHECK(close(static_cast<double>(result.d_head), expected.d_log_prob));
    CHECK(result.terms.clip_fraction == expected.clip_fraction);
    const auto ratio = static_cast<double>(expected.ratio);
    CHECK(close(result.terms.approximate_kl, ratio - 1.0 - std::log(ratio)));
  }
}

TEST_CASE("At ratio 1 the loss is minus the advantage and its derivative that of the unclipped policy gradient") {
  for (const float advantage : {-3.0F, 0.0F, 2.0F}) {
    const Result result = loss_of({.ratio = 1.0F, .advantage = advantage}, {});
    CHECK(result.terms.policy == static_cast<double>(-advantage));
    CHECK(result.d_head == -advantage);
    CHECK(result.terms.clip_fraction == 0.0);
    CHECK(result.terms.approximate_kl == 0.0);
  }
}

TEST_CASE("The clip range is the setting's") {
  const Result result = loss_of({.ratio = 1.15F, .advantage = 1.0F}, {.clip = 0.1F});
  CHECK(close(result.terms.policy, -1.1));
  CHECK(result.d_head == 0.0F);
}

TEST_CASE("The value error is squared, and its derivative carries the coefficient") {
  const Row row{.value = 1.0F, .old_value = 0.0F, .target = 2.5F};
  const Result result = loss_of(row, {.value_coefficient = 0.5F, .clip_value = false});
  CHECK(result.terms.value == 2.25);
  CHECK(result.d_value == -1.5F);
  CHECK(loss_of(row, {.value_coefficient = 2.0F, .clip_value = false}).d_value == -6.0F);
}

TEST_CASE("A clipped value error takes the larger of the two errors") {
  struct Case {
    float value, old_value, target;
    double loss, derivative;
  };
  const std::array<Case, 6> cases = {{{1.0F, 0.0F, 2.0F, 3.24, 0.0},      // moved closer by more than the clip: held
                                      {1.0F, 0.0F, -1.0F, 4.0, 4.0},      // moved away: the free error is larger
                                      {0.125F, 0.0F, 1.125F, 1.0, -2.0},  // inside the clip: both are the same
                                      {-1.0F, 0.0F, -2.0F, 3.24, 0.0},
                                      {-1.0F, 0.0F, 1.0F, 4.0, -4.0},
                                      {3.0F, 2.0F, 2.125F, 0.765625, 1.75}}};  // overshot: free error again
  const PpoLossSetting setting{.value_coefficient = 1.0F, .clip_value = true};
  for (const Case& expected : cases) {
    CAPTURE(expected.value, expected.old_value, expected.target);
    const Result result =
        loss_of({.value = expected.value, .old_value = expected.old_value, .target = expected.target}, setting);
    CHECK(close(result.terms.value, expected.loss));
    CHECK(close(static_cast<double>(result.d_value), expected.derivative));
  }
}

TEST_CASE("A Gaussian policy's entropy pulls only at its log standard deviation") {
  const Result result = loss_of({}, {.value_coefficient = 0.0F, .entropy_coefficient = 0.25F});
  CHECK(close(result.terms.entropy, 0.5 * std::log(2.0 * 3.14159265358979323846) + 0.5));
  CHECK(result.d_head == 0.0F);
  CHECK(result.d_log_std == -0.25F);
}

TEST_CASE("The entropy of equally probable actions is the logarithm of their number and has no derivative") {
  const NetworkSpec spec = policy_of(prl::ActionKind::kDiscrete, 4);
  const std::array<float, 4> logits = {1.5F, 1.5F, 1.5F, 1.5F};
  std::array<float, 4> d_logits{};
  const float zero = 0.0F;
  const float action = 2.0F;
  const float old_log_prob = -std::log(4.0F);
  float d_value = 0.0F;
  const PpoRows rows{1, 1, logits.data(), &zero, &action, &old_log_prob, &zero, &zero, &zero};
  const PpoLossTerms terms =
      prl::ppo_loss(spec, {.entropy_coefficient = 0.5F}, rows, nullptr, d_logits.data(), &d_value, nullptr);
  CHECK(close(terms.entropy, std::log(4.0)));
  for (const float derivative : d_logits) CHECK(std::abs(derivative) < 1e-7F);
}

TEST_CASE("Parts of a minibatch add up to the whole") {
  constexpr int kRows = 23;
  constexpr int kSize = 3;
  const NetworkSpec spec = policy_of(prl::ActionKind::kContinuous, kSize);
  const PpoLossSetting setting{.entropy_coefficient = 0.01F, .clip_value = true};
  const std::array<float, kSize> log_std = {-0.5F, 0.0F, 0.5F};
  prl::Rng rng(5, prl::RandomPurpose::kAction, 0, 0);
  std::vector<float> heads(kRows * kSize), actions(kRows * kSize), columns(kRows * 5);
  for (float& x : heads) x = rng.normal();
  for (float& x : actions) x = rng.normal();
  for (float& x : columns) x = rng.normal();
  for (std::size_t r = 0; r < kRows; ++r) {
    const float log_prob = prl::gaussian_log_prob(&heads[r * kSize], log_std.data(), &actions[r * kSize], kSize);
    columns[kRows + r] = log_prob + 0.3F * columns[kRows + r];
  }
  const auto part = [&](int begin, int end) {
    const float* column = columns.data() + begin;
    return PpoRows{end - begin,
                   kRows,
                   &heads[static_cast<std::size_t>(begin) * kSize],
                   column,
                   &actions[static_cast<std::size_t>(begin) * kSize],
                   column + kRows,
                   column + 2 * kRows,
                   column + 3 * kRows,
                   column + 4 * kRows};
  };
  std::vector<float> d_heads(kRows * kSize), d_values(kRows), d_heads_part(kRows * kSize), d_values_part(kRows);
  std::array<float, kSize> d_log_std{}, d_log_std_part{};
  const PpoLossTerms whole =
      prl::ppo_loss(spec, setting, part(0, kRows), log_std.data(), d_heads.data(), d_values.data(), d_log_std.data());
  PpoLossTerms sum;
  const std::array<int, 5> borders = {0, 1, 8, 20, kRows};
  for (std::size_t s = 0; s + 1 < borders.size(); ++s) {
    const auto begin = static_cast<std::size_t>(borders[s]);
    sum += prl::ppo_loss(spec, setting, part(borders[s], borders[s + 1]), log_std.data(), &d_heads_part[begin * kSize],
                         &d_values_part[begin], d_log_std_part.data());
  }
  CHECK(d_heads == d_heads_part);
  CHECK(d_values == d_values_part);
  for (std::size_t d = 0; d < kSize; ++d) CHECK(std::abs(d_log_std[d] - d_log_std_part[d]) < 1e-6F);
  CHECK(std::abs(whole.policy - sum.policy) < 1e-12);
  CHECK(std::abs(whole.value - sum.value) < 1e-12);
  CHECK(std::abs(whole.entropy - sum.entropy) < 1e-12);
  CHECK(std::abs(whole.clip_fraction - sum.clip_fraction) < 1e-12);
  CHECK(std::abs(whole.approximate_kl - sum.approximate_kl) < 1e-12);
  CHECK(whole.clip_fraction > 0.1);
}

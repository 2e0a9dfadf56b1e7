// V-trace against cases worked out by hand and against its definition as a sum of products.
#include "algorithms/vtrace.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "algorithms/generalised_advantage.hpp"
#include "core/episode_end.hpp"
#include "core/random.hpp"
#include "tests/catch2.hpp"
#include "tests/trajectory_cases.hpp"

namespace {

using prl::kTerminated;
using prl::kTruncated;
using prl::VtraceCoefficients;
using prl::test::Floats;
using prl::test::Trajectory;

struct Estimate {
  Floats targets;
  Floats advantages;
};

Estimate estimate(const Trajectory& trajectory, const Floats& log_ratios, const VtraceCoefficients& coefficients) {
  Estimate result{Floats(trajectory.steps()), Floats(trajectory.steps())};
  prl::vtrace({trajectory.rewards.data(), trajectory.ends.data(), log_ratios.data(), trajectory.values.data(),
               trajectory.bootstrap.data()},
              static_cast<int>(trajectory.steps()), coefficients, result.targets, result.advantages);
  return result;
}

Floats logs_of(const Floats& ratios) {
  Floats logs;
  for (const float ratio : ratios) logs.push_back(std::log(ratio));
  return logs;
}

void check_close(const Floats& actual, const Floats& expected) {
  prl::test::check_close(actual, {expected.begin(), expected.end()});
}

// From ratios far below 1 to far above it.
Floats random_log_ratios(std::uint32_t index, std::size_t steps) {
  prl::Rng rng(78, prl::RandomPurpose::kAction, index, 0);
  Floats logs(steps);
  for (float& log : logs) log = 0.7F * rng.normal();
  return logs;
}

// V(s_t) + sum_k gamma^(k-t) (c_t ... c_{k-1}) delta_k, every product anew.
double target_by_definition(const Trajectory& trajectory, const Floats& log_ratios, const VtraceCoefficients& c,
                            std::size_t t) {
  const auto gamma = static_cast<double>(c.gamma);
  double sum = static_cast<double>(trajectory.values[t]);
  for (std::size_t k = t; k < trajectory.steps(); ++k) {
    double weight = std::pow(gamma, static_cast<double>(k - t));
    for (std::size_t i = t; i < k; ++i) {
      weight *= static_cast<double>(c.lambda) *
                std::min(static_cast<double>(c.c_bar), std::exp(static_cast<double>(log_ratios[i])));
    }
    const double rho = std::min(static_cast<double>(c.rho_bar), std::exp(static_cast<double>(log_ratios[k])));
    sum += weight * rho *
           (static_cast<double>(trajectory.rewards[k]) + gamma * prl::test::next_value(trajectory, k) -
            static_cast<double>(trajectory.values[k]));
    if (prl::test::is_cut(trajectory, k)) break;
  }
  return sum;
}

}  // namespace

// With gamma 1/2. Above the clips both weights are 1: delta = (1, 1/2, 0), v = V + delta + c v'/2.
TEST_CASE("Ratios above the clips count as the clips") {
  const Trajectory trajectory{{1, 1, 1}, {1, 2, 3}, {0, 0, 4}, {0, 0, 0}};
  const Estimate clipped = estimate(trajectory, logs_of({2, 8, 3}), {.gamma = 0.5F});
  check_close(clipped.targets, {2.25F, 2.5F, 3.0F});
  check_close(clipped.advantages, {1.25F, 0.5F, 0.0F});
}

// Ratio 1/2 everywhere: delta = (1/2, 1/4, 0), v - V = (1/2 + 1/16, 1/4, 0), A = 1/2 (r + v'/2 - V).
TEST_CASE("Ratios below the clips weigh errors, traces and advantages") {
  const Trajectory trajectory{{1, 1, 1}, {1, 2, 3}, {0, 0, 4}, {0, 0, 0}};
  const Estimate weighed = estimate(trajectory, logs_of({0.5F, 0.5F, 0.5F}), {.gamma = 0.5F});
  check_close(weighed.targets, {1.5625F, 2.25F, 3.0F});
  check_close(weighed.advantages, {0.5625F, 0.25F, 0.0F});
}

// rho_bar 2 lets the first error count twice, c_bar 1/2 halves what follows: v_0 - V_0 = 2 * 1 + 1/2 * 1/2 * (v_1 - V_1).
TEST_CASE("The two clips act on their own weights") {
  const Trajectory trajectory{{1, 1, 1}, {1, 2, 3}, {0, 0, 4}, {0, 0, 0}};
  const Estimate result = estimate(trajectory, logs_of({4, 1, 1}), {.gamma = 0.5F, .rho_bar = 2.0F, .c_bar = 0.5F});
  check_close(result.targets, {1.0F + 2.0F + 0.25F * 0.5F, 2.5F, 3.0F});
  check_close(result.advantages, {2.0F * (1.0F + 0.5F * 2.5F - 1.0F), 0.5F, 0.0F});
}

TEST_CASE("Termination inside the segment cuts traces without a bootstrap value, truncation with one") {
  for (const std::uint8_t end : {kTerminated, kTruncated, prl::test::kBoth}) {
    const float bootstrap = end == kTruncated ? 6.0F : 0.0F;
    const Trajectory trajectory{{1, 3, 1, 2}, {1, 2, 4, 2}, {0, bootstrap, 0, 8}, {0, end, 0, 0}};
    const Estimate result = estimate(trajectory, Floats(4, 0.0F), {.gamma = 0.5F});
    const float second = 3.0F + 0.5F * bootstrap;
    check_close(result.targets, {1.0F + 0.5F * second, second, 1.0F + 0.5F * 6.0F, 6.0F});
  }
}

TEST_CASE("A segment of a single transition") {
  const auto only = [](const Trajectory& trajectory, float ratio) {
    const Estimate result = estimate(trajectory, logs_of({ratio}), {.gamma = 0.5F});
    return std::vector<float>{result.targets[0], result.advantages[0]};
  };
  check_close(only({{1}, {2}, {6}, {0}}, 1.0F), {4.0F, 2.0F});
  check_close(only({{1}, {2}, {6}, {kTruncated}}, 0.25F), {2.5F, 0.5F});
  check_close(only({{1}, {2}, {0}, {kTerminated}}, 7.0F), {1.0F, -1.0F});
}

TEST_CASE("With lambda 0 a target is the weighted one-step target") {
  const Trajectory trajectory = prl::test::random_trajectory(1, 60);
  const Floats log_ratios = random_log_ratios(1, 60);
  std::vector<double> expected;
  for (std::size_t t = 0; t < trajectory.steps(); ++t) {
    const auto value = static_cast<double>(trajectory.values[t]);
    const double target = static_cast<double>(trajectory.rewards[t]) + 0.9 * prl::test::next_value(trajectory, t);
    expected.push_back(value + std::min(1.0, std::exp(static_cast<double>(log_ratios[t]))) * (target - value));
  }
  prl::test::check_close(estimate(trajectory, log_ratios, {.gamma = 0.9F, .lambda = 0.0F}).targets, expected);
}

TEST_CASE("On-policy, V-trace is the n-step return, whatever the clips above 1") {
  for (std::uint32_t index = 0; index < 20; ++index) {
    Trajectory trajectory = prl::test::random_trajectory(index, 1 + index * 5);
    const auto steps = static_cast<int>(trajectory.steps());
    Floats advantages(trajectory.steps()), returns(trajectory.steps());
    prl::generalised_advantage(trajectory.view(), steps, 0.95F, 1.0F, advantages, returns);
    for (const float clip : {1.0F, 3.0F}) {
      const Estimate result =
          estimate(trajectory, Floats(trajectory.steps(), 0.0F), {.gamma = 0.95F, .rho_bar = clip, .c_bar = clip});
      check_close(result.targets, returns);
      check_close(result.advantages, advantages);
    }
  }
}

TEST_CASE("The recursion equals the sum of products that defines it") {
  for (const VtraceCoefficients c : {VtraceCoefficients{0.99F, 1.0F, 1.0F, 1.0F},
                                     {0.9F, 0.95F, 2.0F, 0.7F},
                                     {1.0F, 0.5F, 0.5F, 0.25F},
                                     {0.97F, 1.0F, 1e6F, 1.2F}}) {
    for (std::uint32_t index = 0; index < 30; ++index) {
      const Trajectory trajectory = prl::test::random_trajectory(index, 1 + index * 2);
      const Floats log_ratios = random_log_ratios(index, trajectory.steps());
      std::vector<double> targets, advantages;
      for (std::size_t t = 0; t < trajectory.steps(); ++t) {
        targets.push_back(target_by_definition(trajectory, log_ratios, c, t));
      }
      for (std::size_t t = 0; t < trajectory.steps(); ++t) {
        const double next = prl::test::is_cut(trajectory, t) ? prl::test::next_value(trajectory, t) : targets[t + 1];
        const double rho = std::min(static_cast<double>(c.rho_bar), std::exp(static_cast<double>(log_ratios[t])));
        advantages.push_back(rho * (static_cast<double>(trajectory.rewards[t]) + static_cast<double>(c.gamma) * next -
                                    static_cast<double>(trajectory.values[t])));
      }
      const Estimate result = estimate(trajectory, log_ratios, c);
      for (std::size_t t = 0; t < targets.size(); ++t) {
        CAPTURE(index, t);
        const double scale = 1.0 + std::abs(targets[t]) + std::abs(advantages[t]);
        CHECK(std::abs(static_cast<double>(result.targets[t]) - targets[t]) < 2e-5 * scale);
        CHECK(std::abs(static_cast<double>(result.advantages[t]) - advantages[t]) < 2e-5 * scale);
      }
    }
  }
}

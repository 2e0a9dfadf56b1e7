// Generalised advantage estimation against cases worked out by hand and against its definition as a sum.
#include "algorithms/generalised_advantage.hpp"

#include <cstddef>
#include <vector>

#include "core/episode_end.hpp"
#include "tests/catch2.hpp"
#include "tests/trajectory_cases.hpp"

namespace {

using prl::kTerminated;
using prl::kTruncated;
using prl::test::check_close;
using prl::test::Floats;
using prl::test::is_cut;
using prl::test::kBoth;
using prl::test::next_value;
using prl::test::random_trajectory;
using prl::test::Trajectory;

struct Estimate {
  Floats advantages;
  Floats returns;
};

Estimate estimate(Trajectory trajectory, float gamma, float lambda) {
  Estimate result{Floats(trajectory.steps()), Floats(trajectory.steps())};
  prl::generalised_advantage(trajectory.view(), static_cast<int>(trajectory.steps()), gamma, lambda, result.advantages,
                             result.returns);
  return result;
}

double one_step_error(const Trajectory& trajectory, std::size_t t, double gamma) {
  return static_cast<double>(trajectory.rewards[t]) + gamma * next_value(trajectory, t) -
         static_cast<double>(trajectory.values[t]);
}

}  // namespace

// All figures below are sums of powers of two, so the expected ones are exact.
TEST_CASE("Inside an episode the segment's end is bootstrapped") {
  const Estimate result = estimate({{1, 1, 1}, {1, 2, 3}, {0, 0, 4}, {0, 0, 0}}, 0.5F, 0.5F);
  CHECK(result.advantages == Floats{1.125F, 0.5F, 0.0F});
  CHECK(result.returns == Floats{2.125F, 2.5F, 3.0F});
}

TEST_CASE("Termination cuts the recursion without a bootstrap value") {
  const Estimate result = estimate({{1, 3, 1, 2}, {1, 2, 4, 2}, {0, 0, 0, 8}, {0, kTerminated, 0, 0}}, 0.5F, 0.5F);
  CHECK(result.advantages == Floats{1.25F, 1.0F, -1.0F, 4.0F});
  CHECK(result.returns == Floats{2.25F, 3.0F, 3.0F, 6.0F});
}

TEST_CASE("Truncation cuts the recursion at the final observation's value") {
  const Estimate result = estimate({{1, 3, 1, 2}, {1, 2, 4, 2}, {0, 6, 0, 8}, {0, kTruncated, 0, 0}}, 0.5F, 0.5F);
  CHECK(result.advantages == Floats{2.0F, 4.0F, -1.0F, 4.0F});
  CHECK(result.returns == Floats{3.0F, 6.0F, 3.0F, 6.0F});
}

TEST_CASE("A step that terminates and truncates counts as terminated") {
  const Trajectory both{{1, 3, 1, 2}, {1, 2, 4, 2}, {0, 0, 0, 8}, {0, kBoth, 0, 0}};
  CHECK(estimate(both, 0.5F, 0.5F).advantages == Floats{1.25F, 1.0F, -1.0F, 4.0F});
}

TEST_CASE("Consecutive episodes of one step each are one-step errors") {
  const Estimate result =
      estimate({{1, 2, 3}, {1, 1, 1}, {0, 4, 0}, {kTerminated, kTruncated, kTerminated}}, 0.5F, 0.5F);
  CHECK(result.advantages == Floats{0.0F, 3.0F, 2.0F});
}

TEST_CASE("A segment of a single step") {
  CHECK(estimate({{1}, {2}, {6}, {0}}, 0.5F, 0.75F).advantages == Floats{2.0F});
  CHECK(estimate({{1}, {2}, {6}, {kTruncated}}, 0.5F, 0.75F).advantages == Floats{2.0F});
  CHECK(estimate({{1}, {2}, {0}, {kTerminated}}, 0.5F, 0.75F).advantages == Floats{-1.0F});
}

TEST_CASE("With lambda 0 the advantage is the one-step temporal difference") {
  const Trajectory trajectory = random_trajectory(1, 60);
  std::vector<double> expected;
  for (std::size_t t = 0; t < trajectory.steps(); ++t) expected.push_back(one_step_error(trajectory, t, 0.9));
  check_close(estimate(trajectory, 0.9F, 0.0F).advantages, expected);
}

TEST_CASE("With lambda 1 the advantage is the discounted return minus the value") {
  const Trajectory trajectory = random_trajectory(2, 60);
  std::vector<double> expected(trajectory.steps());
  double discounted_return = 0.0;
  for (std::size_t t = trajectory.steps(); t-- > 0;) {
    const double after = is_cut(trajectory, t) ? next_value(trajectory, t) : discounted_return;
    discounted_return = static_cast<double>(trajectory.rewards[t]) + 0.9 * after;
    expected[t] = discounted_return - static_cast<double>(trajectory.values[t]);
  }
  check_close(estimate(trajectory, 0.9F, 1.0F).advantages, expected);
}

TEST_CASE("The recursion equals the sum of discounted temporal differences up to the cut") {
  constexpr double kGamma = 0.99;
  constexpr double kLambda = 0.95;
  for (std::uint32_t index = 3; index < 40; ++index) {
    const Trajectory trajectory = random_trajectory(index, 1 + index * 3);
    const Estimate result = estimate(trajectory, static_cast<float>(kGamma), static_cast<float>(kLambda));
    std::vector<double> advantages, returns;
    for (std::size_t t = 0; t < trajectory.steps(); ++t) {
      double sum = 0.0;
      double weight = 1.0;
      for (std::size_t k = t; k < trajectory.steps(); ++k, weight *= kGamma * kLambda) {
        sum += weight * one_step_error(trajectory, k, kGamma);
        if (is_cut(trajectory, k)) break;
      }
      advantages.push_back(sum);
      returns.push_back(sum + static_cast<double>(trajectory.values[t]));
    }
    check_close(result.advantages, advantages);
    check_close(result.returns, returns);
  }
}

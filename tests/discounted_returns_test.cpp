// Monte-Carlo returns against cases worked out by hand and against their definition as a sum.
#include "algorithms/discounted_returns.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/episode_end.hpp"
#include "tests/catch2.hpp"
#include "tests/trajectory_cases.hpp"

namespace {

using prl::kTerminated;
using prl::kTruncated;
using prl::ReturnKind;
using prl::test::Floats;
using prl::test::Trajectory;

Floats returns_of(Trajectory trajectory, float gamma, ReturnKind kind) {
  Floats returns(trajectory.steps());
  prl::discounted_returns(trajectory.view(), static_cast<int>(trajectory.steps()), gamma, kind, returns);
  return returns;
}

// Values and bootstrap values are given, and must not matter.
const Trajectory kTwoEpisodes{{1, 2, 4, 8, 16}, {9, 9, 9, 9, 9}, {0, 0, 9, 0, 9}, {0, 0, kTruncated, 0, kTerminated}};

}  // namespace

TEST_CASE("Undiscounted returns to go are the rewards that are left of the episode") {
  CHECK(returns_of(kTwoEpisodes, 1.0F, ReturnKind::kRewardToGo) == Floats{7, 6, 4, 24, 16});
}

TEST_CASE("Undiscounted returns of whole episodes are the same for each of their steps") {
  CHECK(returns_of(kTwoEpisodes, 1.0F, ReturnKind::kWholeEpisode) == Floats{7, 7, 7, 24, 24});
}

TEST_CASE("Discounted returns count from the step, or from the episode's first") {
  CHECK(returns_of(kTwoEpisodes, 0.5F, ReturnKind::kRewardToGo) == Floats{3, 4, 4, 16, 16});
  CHECK(returns_of(kTwoEpisodes, 0.5F, ReturnKind::kWholeEpisode) == Floats{3, 3, 3, 16, 16});
}

TEST_CASE("With discount 0 nothing but the step's own reward counts") {
  CHECK(returns_of(kTwoEpisodes, 0.0F, ReturnKind::kRewardToGo) == kTwoEpisodes.rewards);
}

TEST_CASE("An episode that the segment cuts counts up to its end") {
  CHECK(returns_of({{1, 2}, {0, 0}, {0, 9}, {0, 0}}, 1.0F, ReturnKind::kRewardToGo) == Floats{3, 2});
  CHECK(returns_of({{1, 2}, {0, 0}, {0, 9}, {0, 0}}, 1.0F, ReturnKind::kWholeEpisode) == Floats{3, 3});
}

TEST_CASE("An episode of a single step returns its reward") {
  for (const ReturnKind kind : {ReturnKind::kRewardToGo, ReturnKind::kWholeEpisode}) {
    CHECK(returns_of({{-3}, {5}, {0}, {kTerminated}}, 0.5F, kind) == Floats{-3});
  }
}

TEST_CASE("Returns equal the sums that define them") {
  constexpr double kGamma = 0.97;
  for (std::uint32_t index = 0; index < 40; ++index) {
    const Trajectory trajectory = prl::test::random_trajectory(index, 1 + index * 3);
    std::vector<double> to_go, whole;
    std::size_t first = 0;
    for (std::size_t t = 0; t < trajectory.steps(); ++t) {
      if (t > 0 && trajectory.ends[t - 1] != 0) first = t;
      double sum = 0.0;
      double weight = 1.0;
      for (std::size_t k = t; k < trajectory.steps(); ++k, weight *= kGamma) {
        sum += weight * static_cast<double>(trajectory.rewards[k]);
        if (trajectory.ends[k] != 0) break;
      }
      to_go.push_back(sum);
      whole.push_back(to_go[first]);
    }
    const auto gamma = static_cast<float>(kGamma);
    prl::test::check_close(returns_of(trajectory, gamma, ReturnKind::kRewardToGo), to_go);
    prl::test::check_close(returns_of(trajectory, gamma, ReturnKind::kWholeEpisode), whole);
  }
}

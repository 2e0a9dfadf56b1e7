// Returns of training episodes, also of those that reach over several segments.
#include "core/episode_returns.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/episode_end.hpp"
#include "core/random.hpp"
#include "tests/catch2.hpp"
#include "tests/small_run.hpp"

namespace {

using prl::EpisodeReturns;
using prl::kTerminated;
using prl::kTruncated;

using Returns = std::vector<double>;
using Steps = std::vector<std::pair<float, std::uint8_t>>;  // reward and end of each step

// A segment with one row of steps for each environment.
prl::test::Blocks segment_of(const std::vector<Steps>& environments) {
  const int steps = static_cast<int>(environments.front().size());
  prl::test::Blocks blocks({steps, 1, 1}, static_cast<int>(environments.size()));
  for (std::size_t i = 0; i < environments.size(); ++i) {
    const prl::TrajectoryView trajectory = blocks.view().trajectory(static_cast<int>(i));
    for (std::size_t t = 0; t < environments[i].size(); ++t) {
      trajectory.rewards[t] = environments[i][t].first;
      trajectory.ends[t] = environments[i][t].second;
    }
  }
  return blocks;
}

}  // namespace

TEST_CASE("Episodes are counted when they end, in environment order, with their whole return") {
  EpisodeReturns returns(3);
  // Environment 0 ends within, 1 not at all, 2 twice.
  CHECK(returns.finish(segment_of({{{1.0F, 0}, {2.0F, kTerminated}, {4.0F, 0}},
                                   {{8.0F, 0}, {8.0F, 0}, {8.0F, 0}},
                                   {{0.5F, kTruncated}, {1.0F, 0}, {-3.0F, kTerminated | kTruncated}}})
                           .view()) == Returns{3.0, 0.5, -2.0});
  // 4 and 24 came before.
  CHECK(returns.finish(
            segment_of({{{1.0F, 0}, {1.0F, kTruncated}}, {{1.0F, kTruncated}, {2.0F, 0}}, {{1.0F, 0}, {1.0F, 0}}})
                .view()) == Returns{6.0, 25.0});
  CHECK(returns.finish(segment_of({{{7.0F, 0}}, {{7.0F, 0}}, {{7.0F, 0}}}).view()).empty());
  CHECK(returns.finish(segment_of({{{1.0F, kTerminated}}, {{1.0F, kTerminated}}, {{1.0F, kTerminated}}}).view()) ==
        Returns{8.0, 10.0, 10.0});
}

TEST_CASE("Episodes of which steps were lost are left out, and those after them are not") {
  EpisodeReturns returns(2);
  CHECK(returns.finish(segment_of({{{1.0F, 0}}, {{2.0F, kTerminated}}}).view()) == Returns{2.0});
  returns.lose_steps();
  CHECK(returns.finish(segment_of({{{4.0F, kTerminated}, {5.0F, kTruncated}}, {{1.0F, 0}, {1.0F, 0}}}).view()) ==
        Returns{5.0});
  CHECK(returns.finish(segment_of({{{3.0F, kTerminated}}, {{3.0F, kTerminated}}}).view()) == Returns{3.0});
}

TEST_CASE("The first solved episode of a segment is the one that ended first, in steps of all environments") {
  EpisodeReturns returns(3, 2.5);
  // 3 in environment 0 after its third step, 2.5 and 4 in environment 1 after its first and second.
  returns.finish(segment_of({{{1.0F, 0}, {1.0F, 0}, {1.0F, kTerminated}},
                             {{2.5F, kTerminated}, {4.0F, kTruncated}, {1.0F, 0}},
                             {{9.0F, 0}, {9.0F, 0}, {9.0F, 0}}})
                     .view());
  CHECK(returns.steps_to_solved() == 2 * 3);
  returns.finish(segment_of({{{1.0F, 0}}, {{0.0F, kTerminated}}, {{0.0F, 0}}}).view());
  CHECK_FALSE(returns.steps_to_solved().has_value());
  // What came before counts; where environments had played their quota, no more steps are counted than were taken.
  returns.finish(segment_of({{{0.0F, kTerminated}, {0.0F, prl::kAbsent}},
                             {{0.0F, kTerminated}, {0.0F, prl::kAbsent}},
                             {{0.0F, 0}, {0.0F, kTerminated}}})
                     .view());
  CHECK(returns.steps_to_solved() == 4);
  EpisodeReturns none(1);
  none.finish(segment_of({{{1e9F, kTerminated}}}).view());
  CHECK_FALSE(none.steps_to_solved().has_value());
}

TEST_CASE("Cutting the same steps into segments anywhere gives the same returns") {
  constexpr std::size_t kSteps = 60;
  prl::Rng rng(4, prl::RandomPurpose::kAction, 0, 0);
  Steps all;
  for (std::size_t t = 0; t < kSteps; ++t) {
    const std::uint32_t draw = rng.below(12);
    all.emplace_back(static_cast<float>(rng.below(100)), static_cast<std::uint8_t>(draw <= 3 ? draw : 0));
  }
  EpisodeReturns whole(1);
  const Returns expected = whole.finish(segment_of({all}).view());
  REQUIRE(expected.size() >= 5);
  for (std::size_t length = 1; length < kSteps; ++length) {
    EpisodeReturns cut(1);
    Returns returns;
    for (std::size_t begin = 0; begin < kSteps; begin += length) {
      const auto first = all.begin() + static_cast<std::ptrdiff_t>(begin);
      const auto last = begin + length < kSteps ? first + static_cast<std::ptrdiff_t>(length) : all.end();
      for (const double value : cut.finish(segment_of({Steps(first, last)}).view())) returns.push_back(value);
    }
    CHECK(returns == expected);
  }
}

TEST_CASE("A part of the environments counts from its own first one") {
  EpisodeReturns returns(2);
  const prl::test::Blocks blocks =
      segment_of({{{1.0F, kTerminated}}, {{2.0F, kTerminated}}, {{3.0F, kTerminated}}, {{4.0F, kTerminated}}});
  CHECK(returns.finish(blocks.view().part(2, 2)) == Returns{3.0, 4.0});
}

// Trajectories without a policy: rewards, values and ends alone, for tests of what is computed from them.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/episode_end.hpp"
#include "core/random.hpp"
#include "core/segment.hpp"
#include "tests/catch2.hpp"

namespace prl::test {

using Floats = std::vector<float>;

inline constexpr std::uint8_t kBoth = kTerminated | kTruncated;

struct Trajectory {
  Floats rewards;
  Floats values;
  Floats bootstrap;
  std::vector<std::uint8_t> ends;

  std::size_t steps() const { return rewards.size(); }
  TrajectoryView view() {
    TrajectoryView view;
    view.rewards = rewards.data();
    view.values = values.data();
    view.bootstrap = bootstrap.data();
    view.ends = ends.data();
    return view;
  }
};

// Episodes of about ten steps that end in all three ways; the last step may or may not end one.
inline Trajectory random_trajectory(std::uint32_t index, std::size_t steps) {
  Rng rng(77, RandomPurpose::kAction, index, 0);
  Trajectory trajectory{Floats(steps), Floats(steps), Floats(steps), std::vector<std::uint8_t>(steps)};
  for (std::size_t t = 0; t < steps; ++t) {
    trajectory.rewards[t] = rng.uniform(-2.0F, 1.0F);
    trajectory.values[t] = rng.uniform(-5.0F, 5.0F);
    const std::uint32_t draw = rng.below(30);
    trajectory.ends[t] = static_cast<std::uint8_t>(draw <= kBoth ? draw : 0);
    const bool cut = trajectory.ends[t] == kTruncated || (t == steps - 1 && trajectory.ends[t] == 0);
    trajectory.bootstrap[t] = cut ? rng.uniform(-5.0F, 5.0F) : 0.0F;
  }
  return trajectory;
}

// Where the recursion is cut: also after termination.
inline bool is_cut(const Trajectory& trajectory, std::size_t t) {
  return trajectory.ends[t] != 0 || t == trajectory.steps() - 1;
}

inline double next_value(const Trajectory& trajectory, std::size_t t) {
  if ((trajectory.ends[t] & kTerminated) != 0) return 0.0;
  return static_cast<double>(is_cut(trajectory, t) ? trajectory.bootstrap[t] : trajectory.values[t + 1]);
}

inline void check_close(const Floats& actual, const std::vector<double>& expected) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t t = 0; t < actual.size(); ++t) {
    CAPTURE(t);
    CHECK(std::abs(static_cast<double>(actual[t]) - expected[t]) < 2e-5);
  }
}

}  // namespace prl::test

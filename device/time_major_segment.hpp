// A segment of T steps of N environments as a device writes it: a row for each (step, environment), the environment
// running faster, so that neighbouring threads write neighbouring rows, and a learner reads [T * N] rows in place.
//
//   observations [T][N][observation_size]   actions [T][N][action_size]   log_probs, values, rewards, bootstrap [T][N]
//   ends [T][N], bytes of core/episode_end.hpp
//
// What the fields mean is core/segment.hpp's; there an environment's steps lie together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/host_device.hpp"
#include "core/segment.hpp"

namespace prl {

// Does not own its arrays.
struct TimeMajorSegment {
  std::int32_t steps = 0;         // T
  std::int32_t environments = 0;  // N
  std::int32_t observation_size = 0;
  std::int32_t action_size = 0;
  float* observations = nullptr;
  float* actions = nullptr;
  float* log_probs = nullptr;
  float* values = nullptr;
  float* rewards = nullptr;
  float* bootstrap = nullptr;
  std::uint8_t* ends = nullptr;

  PRL_HOST_DEVICE std::size_t row(std::int32_t t, std::int64_t environment) const {
    return static_cast<std::size_t>(t) * static_cast<std::size_t>(environments) + static_cast<std::size_t>(environment);
  }
  std::size_t rows() const { return static_cast<std::size_t>(steps) * static_cast<std::size_t>(environments); }
};

// Copies a segment into the blocks of a round, environment by environment: to.count() of them, whose layout has neither
// cut observations nor kept states nor action values.
inline void copy_to_blocks(const TimeMajorSegment& from, const SegmentView& to) {
  const auto observation_size = static_cast<std::size_t>(from.observation_size);
  const auto action_size = static_cast<std::size_t>(from.action_size);
  for (int i = 0; i < to.count(); ++i) {
    const TrajectoryView block = to.trajectory(i);
    for (std::int32_t t = 0; t < from.steps; ++t) {
      const std::size_t row = from.row(t, i);
      const auto step = static_cast<std::size_t>(t);
      std::copy_n(from.observations + row * observation_size, observation_size,
                  block.observations + step * observation_size);
      std::copy_n(from.actions + row * action_size, action_size, block.actions + step * action_size);
      block.log_probs[t] = from.log_probs[row];
      block.values[t] = from.values[row];
      block.rewards[t] = from.rewards[row];
      block.bootstrap[t] = from.bootstrap[row];
      block.ends[t] = from.ends[row];
    }
  }
}

}  // namespace prl

// How an episode ended. The two causes are bits, not one flag: a value is bootstrapped after `truncated`, never after
// `terminated`. A time limit may set both in the same step, as Gymnasium's TimeLimit does.
#pragma once

#include <cstdint>
#include <cstring>

namespace prl {

inline constexpr std::uint8_t kTerminated = 1;
inline constexpr std::uint8_t kTruncated = 2;
// Of a step that was not taken: the environment had played its quota of episodes, or its worker left the round. Every later
// step is absent, too.
inline constexpr std::uint8_t kAbsent = 4;

// How many of an environment's `steps` steps were taken.
inline int present_steps(const std::uint8_t* ends, int steps) {
  const void* first_absent = std::memchr(ends, kAbsent, static_cast<std::size_t>(steps));
  return first_absent == nullptr ? steps : static_cast<int>(static_cast<const std::uint8_t*>(first_absent) - ends);
}

}  // namespace prl

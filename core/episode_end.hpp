// How an episode ended. The two causes are bits, not one flag: a value is bootstrapped after `truncated`, never after
// `terminated`. A time limit may set both in the same step, as Gymnasium's TimeLimit does.
#pragma once

#include <cstdint>

namespace prl {

inline constexpr std::uint8_t kTerminated = 1;
inline constexpr std::uint8_t kTruncated = 2;

}  // namespace prl

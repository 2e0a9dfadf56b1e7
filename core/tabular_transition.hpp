// One step of an environment whose states and actions are numbered.
#pragma once

#include <cstdint>

#include "core/episode_end.hpp"

namespace prl {

struct TabularTransition {
  std::int32_t state = 0;
  std::int32_t action = 0;
  std::int32_t next_state = 0;  // the final one where an episode ends, never the next episode's first
  std::uint8_t end = 0;         // kTerminated, kTruncated or both (core/episode_end.hpp)
  double reward = 0.0;

  friend bool operator==(const TabularTransition&, const TabularTransition&) = default;
};

}  // namespace prl

// How often an epsilon-greedy agent explores, by its own steps t from 0:
//
//   constant:E           E
//   linear:A:B:STEPS     A + (B - A) min(t / STEPS, 1)
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace prl {

struct EpsilonSchedule {
  double from = 0.1;
  double to = 0.1;
  double steps = 1.0;  // until `to` is reached

  double at(std::uint64_t step) const { return from + (to - from) * std::min(static_cast<double>(step) / steps, 1.0); }

  friend bool operator==(const EpsilonSchedule&, const EpsilonSchedule&) = default;
};

// Reads the above. Throws std::invalid_argument, one line, for anything else, for an epsilon outside [0, 1] and for
// less than one step.
EpsilonSchedule parse_epsilon(std::string_view text);

// What parse_epsilon reads back.
std::string to_string(const EpsilonSchedule& schedule);

}  // namespace prl

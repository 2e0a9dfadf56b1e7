// Measures in a child process of its own. Modes that fork workers need a process without LibTorch's or oneTBB's threads,
// and every measurement should start from the same state; so this process keeps clear of both.
#pragma once

#include <functional>
#include <span>
#include <string>

namespace prl {

// What the child leaves: seconds of each round, and the share of them spent on moving data.
struct RoundMeasurements {
  std::span<double> seconds;
  double communication_share = 0.0;
};

// Forks, lets the child fill the seconds of `rounds` rounds, and calls `take` with them in this process. Throws
// std::runtime_error, with the child's own words, where it failed.
void measure_in_child(std::size_t rounds, const std::function<void(RoundMeasurements&)>& measure,
                      const std::function<void(const RoundMeasurements&)>& take);

}  // namespace prl

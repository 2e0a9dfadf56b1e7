// A run of a tabular rule: Q* first, then the team, with looks at the error on the way.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "envs/tabular/optimal_values.hpp"
#include "parallel/tabular/merge_lags.hpp"
#include "runner/tabular/tabular_configuration.hpp"

namespace prl {

// A look at the table while the run goes on.
struct TabularPoint {
  std::uint64_t steps = 0;
  double seconds = 0.0;  // since all workers had started
  double error = 0.0;    // max |Q - Q*| over the pairs that count
};

// What the run's values are held against. Errors are taken over the pairs that can be met: with experience of agents
// that begin at the table's start, those reachable from it, otherwise all.
struct TabularGoal {
  OptimalValues optimum;
  OptimalValues own;  // the fixed point of the subsets' own equation; that of one subset is Q*
  std::vector<std::uint8_t> pairs;
  std::uint64_t pair_count = 0;
  double largest_value = 0.0;  // of |Q*| over the pairs
  double own_bias = 0.0;       // of the own fixed point against Q*
};

struct TabularResult {
  TabularGoal goal;
  std::vector<TabularPoint> curve;
  std::uint64_t steps = 0;
  std::uint64_t updates = 0;
  std::uint64_t received = 0;  // transitions that crossed from one worker to another
  std::uint64_t merges = 0;    // changes of the server's table: meetings, merges, or single updates
  MergeLags lags;              // of a free-running server's merges
  std::uint64_t server_bytes = 0;
  double seconds = 0.0;       // of the team
  double look_seconds = 0.0;  // of worker 0, within them
  double start_up_seconds = 0.0;
  double total_seconds = 0.0;
  double error = 0.0;      // against Q*
  double own_error = 0.0;  // against the subsets' own fixed point
  std::string values_digest;
  bool reached = false;  // --stop-at-error
  bool interrupted = false;

  double updates_per_second() const { return seconds > 0.0 ? static_cast<double>(updates) / seconds : 0.0; }
};

using LookListener = std::function<void(const TabularPoint& point)>;

// Throws what run_team() throws, and std::runtime_error where memory cannot be had.
TabularResult run_tabular(const TabularConfiguration& configuration, const std::atomic<bool>& stop,
                          const LookListener& listener);

}  // namespace prl

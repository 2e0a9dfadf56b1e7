// Returns of the training episodes that finish in each segment, in environment order whatever the number of workers.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/segment.hpp"

namespace prl {

// Steps that the segment's environments took: all of them, or as many as their episodes had.
inline long steps_taken(const SegmentView& segment) {
  long steps = 0;
  for (int i = 0; i < segment.count(); ++i) {
    steps += present_steps(segment.trajectory(i).ends, segment.layout().steps);
  }
  return steps;
}

class EpisodeReturns {
 public:
  // Episodes whose return exceeds `solved_return` count as solved.
  explicit EpisodeReturns(int environments, std::optional<double> solved_return = std::nullopt)
      : solved_return_(solved_return), running_(static_cast<std::size_t>(environments), 0.0) {}

  // Undiscounted returns of the episodes that ended in `segment`; episodes cut by its end go on with the next call.
  // The segment's environments count from its own first one.
  std::vector<double> finish(const SegmentView& segment) {
    std::vector<double> returns;
    steps_to_solved_.reset();
    const long all_steps = steps_taken(segment);
    for (int i = 0; i < segment.count(); ++i) {
      const TrajectoryView trajectory = segment.trajectory(i);
      double& sum = running_[static_cast<std::size_t>(i)];
      const int steps = present_steps(trajectory.ends, segment.layout().steps);
      for (int t = 0; t < steps; ++t) {
        sum += static_cast<double>(trajectory.rewards[t]);
        if (trajectory.ends[t] == 0) continue;
        if (!std::isnan(sum)) returns.push_back(sum);
        if (solved_return_ && sum > *solved_return_) {
          const long until = std::min((t + 1L) * segment.count(), all_steps);
          steps_to_solved_ = std::min(steps_to_solved_.value_or(until), until);
        }
        sum = 0.0;
      }
    }
    return returns;
  }

  // Environment steps of the last segment until its first solved episode had ended, all its environments counted as
  // stepping at the same time; empty if there was none.
  std::optional<long> steps_to_solved() const { return steps_to_solved_; }

  // [environments] returns so far of the episodes that are under way.
  std::span<double> running() { return running_; }

  // Steps were lost: the episodes that are under way have no known return and are left out.
  void lose_steps() { std::fill(running_.begin(), running_.end(), std::numeric_limits<double>::quiet_NaN()); }

  // New episodes have begun everywhere: those that were under way have no end.
  void restart() { std::fill(running_.begin(), running_.end(), 0.0); }

 private:
  std::optional<double> solved_return_;
  std::optional<long> steps_to_solved_;
  std::vector<double> running_;  // not a number where it is not known
};

}  // namespace prl

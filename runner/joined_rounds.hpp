// What rounds have in common in which every worker learns: the workers' reports are joined, the others do as many rounds as
// worker 0, and all hear of the run's end.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>

#include "core/episode_returns.hpp"
#include "runner/round_runner.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

// What a worker says of its collecting.
struct WorkerReport {
  bool complete = false;  // false: it gave the round up
  double collect_seconds = 0.0;
  double return_sum = 0.0;  // of the episodes that ended
  long episodes = 0;
  long steps = 0;
  long steps_to_solved = 0;  // until the first episode that counts as solved; 0: none did
};

// Of a whole segment, or of none where the worker gave up.
WorkerReport report_of(bool complete, const SegmentView& segment, EpisodeReturns& episodes, double collect_seconds);

// Adds up values over all workers, in place; all of them call it.
using SumOverWorkers = std::function<void(std::span<double>)>;

// Adds up what the workers report and completes the outcome, on every worker. Returns false if one of them gave up.
bool join_reports(const WorkerReport& own, int worker, int workers, const SumOverWorkers& sum, RoundOutcome& outcome);

// The part of a worker other than 0: all rounds that the run has left, or until one is given up.
void serve_rounds(const RunConfiguration& configuration, RoundRunner& rounds, const std::atomic<bool>& shared_stop);

// How workers that learn beside worker 0 hear of the run's end, and of each other's rounds. In memory that all of them share.
struct EndWords {
  std::atomic<bool> stop{false};              // give up this round, together
  std::atomic<bool> given_up{false};          // worker 0 is leaving: wait for nobody
  std::atomic<std::uint64_t> left_rounds{0};  // by all workers, where rounds may be cut early (core/early_cut.hpp)
};

// Thrown where such a worker waits for the others and there is nothing left to wait for: worker 0 says why.
struct RunGivenUp {};

}  // namespace prl

// Which environments each worker has: contiguous ranges in the order of the workers, even ones, or, balanced by measured
// speed, ranges that change between rounds.
//
//   c_w <- c_w + a (s_w / n_w - c_w)              seconds that worker w needs for an environment, a = 1/4 (first: s_w / n_w)
//   n'  = arg min max_w n_w c_w, all n_w >= 1     one environment each, then every further one to the worker that would be
//                                                 done first with it
//   n  <- n'  if  max_w n'_w c_w < (1 - h) max_w n_w c_w,   h = 1/10
//
// s_w is what worker w spent collecting its n_w environments in the last round. Rounds are a fixed number of steps, so
// n_w / s_w is its speed up to that number; seconds are smoothed, not speeds, so that rounds that cost nothing, in which
// speeds are a thousand times higher, leave no trace. Who is so slow that others would do its work in less time than one
// of its environments takes still keeps one: else nobody would see it become faster.
//
// Source: Graham, Lawler, Lenstra, Rinnooy Kan, "Optimization and approximation in deterministic sequencing and
// scheduling: a survey" (1979), of equal jobs on uniform machines, which the greedy rule divides optimally. Smoothing, h and
// one environment each are ours.
#pragma once

#include <cstddef>
#include <vector>

#include "parallel/collect/collection_plan.hpp"
#include "parallel/collect/collector.hpp"

namespace prl {

// Environments for each worker, at least one, by the seconds that one takes it: the round as short as it can be. Ties go
// to the worker with the lower number.
std::vector<int> fastest_division(const std::vector<double>& seconds_each, int environments);

class EnvironmentDivision {
 public:
  // Even ranges to begin with.
  explicit EnvironmentDivision(const CollectionPlan& plan);

  EnvironmentRange of(int worker) const { return ranges_[static_cast<std::size_t>(worker)]; }

  // After a whole round: what every worker spent collecting. The ranges are then those of the next round.
  void observe(const std::vector<WorkerSeconds>& workers);

  // In the round that was observed last.
  EnvironmentRange observed(int worker) const { return before_[static_cast<std::size_t>(worker)]; }

  // Whether `worker` has another range than in the round that was observed last.
  bool changed(int worker) const;
  // What it is told then: its range, and the states of the environments that it did not have.
  std::size_t message_bytes(int worker) const;
  // Counts these messages, which go to workers 1 .. W - 1 with the command of a round, as control.
  void count_messages(CommunicationLedger& ledger) const;

  // Environments of each worker in the round that was observed last.
  std::vector<int> observed_counts() const;

 private:
  int environments_;
  std::size_t state_bytes_;
  std::vector<EnvironmentRange> ranges_;
  std::vector<EnvironmentRange> before_;  // in the round that was observed last
  std::vector<double> seconds_each_;      // smoothed, by worker; empty before the first round
};

}  // namespace prl

#include "runner/joined_rounds.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "runner/checkpoint.hpp"

namespace prl {

WorkerReport report_of(bool complete, const SegmentView& segment, EpisodeReturns& episodes, double collect_seconds) {
  WorkerReport report;
  report.complete = complete;
  report.collect_seconds = collect_seconds;
  if (!complete) return report;
  const std::vector<double> returns = episodes.finish(segment);
  report.return_sum = std::accumulate(returns.begin(), returns.end(), 0.0);
  report.episodes = static_cast<long>(returns.size());
  report.steps = steps_taken(segment);
  report.steps_to_solved = episodes.steps_to_solved().value_or(0);
  return report;
}

// Whether a worker gave up, sum of returns, episodes; then of each worker its steps, its seconds, and its steps to the first
// episode that counts as solved, 0 if there is none.
bool join_reports(const WorkerReport& own, int worker, int workers, const SumOverWorkers& sum, RoundOutcome& outcome) {
  constexpr std::size_t kFirstWorker = 3;
  const auto count = static_cast<std::size_t>(workers);
  const auto place = kFirstWorker + static_cast<std::size_t>(worker);
  std::vector<double> report(kFirstWorker + 3 * count, 0.0);
  report[0] = own.complete ? 0.0 : 1.0;
  report[1] = own.return_sum;
  report[2] = static_cast<double>(own.episodes);
  report[place] = static_cast<double>(own.steps);
  report[place + count] = own.collect_seconds;
  report[place + 2 * count] = static_cast<double>(own.steps_to_solved);
  sum(report);
  outcome.training_return_sum = report[1];
  outcome.training_episodes = static_cast<long>(report[2]);
  const auto steps = report.begin() + kFirstWorker;
  const auto seconds = steps + workers;
  const auto solved = seconds + workers;
  outcome.worker_steps.assign(steps, seconds);
  outcome.environment_steps = std::accumulate(outcome.worker_steps.begin(), outcome.worker_steps.end(), 0L);
  outcome.worker_collect_seconds.assign(seconds, solved);
  // The workers' environments step at the same time.
  for (auto own_steps = solved; own_steps != report.end(); ++own_steps) {
    const long all = std::min(static_cast<long>(*own_steps) * workers, outcome.environment_steps);
    if (all > 0 && (!outcome.steps_to_solved || all < *outcome.steps_to_solved)) outcome.steps_to_solved = all;
  }
  return report[0] == 0.0;
}

void serve_rounds(const RunConfiguration& c, RoundRunner& rounds, const std::atomic<bool>& shared_stop) {
  for (long round = rounds_done_before(c); round < c.warmup_rounds + c.rounds; ++round) {
    rounds.charge_step_cost(c.pays_step_cost(round));
    RoundOutcome outcome;
    if (!rounds.run_round(shared_stop, outcome)) return;
  }
}

}  // namespace prl

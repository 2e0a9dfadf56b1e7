#include "runner/split_rounds.hpp"

#include <algorithm>
#include <numeric>

#include "parallel/collect/collector.hpp"
#include "runner/central_rounds.hpp"

namespace prl {

SplitRounds::SplitRounds(const RunConfiguration& c, const NetworkLayout& layout, SplitMember member)
    : workers_(c.workers), member_(std::move(member)), episodes_(c.environments / c.workers, c.solved_return) {
  const EnvironmentRange range = environments_of(member_.member, c.workers, c.environments);
  const SegmentLayout blocks = segment_layout(c);
  blocks_ = AlignedBuffer<std::byte>(blocks.block_bytes() * static_cast<std::size_t>(range.count));
  segment_ = SegmentView(blocks, blocks_.data(), range.first, range.count);
  learner_ = make_learner(c.rule, layout, learner_plan(c, {c.shards, member_.member, 1}), member_.storage);
}

void SplitRounds::await_members() {
  double nothing = 0.0;
  member_.agreement->sum({&nothing, 1});
}

bool SplitRounds::run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) {
  const double begin = monotonic_seconds();
  const bool complete = member_.actor->collect(parameters().data(), segment_, stop);
  if (!complete) member_.shared_stop->store(true);
  if (!join_reports(complete, monotonic_seconds() - begin, outcome)) return false;
  const double collected = monotonic_seconds();
  learn();
  outcome.seconds = {collected - begin, monotonic_seconds() - collected};
  return true;
}

// Whether a worker gave up, sum of returns, episodes; then of each worker its steps, its seconds, and its steps to the first
// episode that counts as solved, 0 if there is none.
bool SplitRounds::join_reports(bool complete, double collect_seconds, RoundOutcome& outcome) {
  const std::vector<double> returns = complete ? episodes_.finish(segment_) : std::vector<double>{};
  constexpr std::size_t kFirstWorker = 3;
  const auto workers = static_cast<std::size_t>(workers_);
  const auto own = kFirstWorker + static_cast<std::size_t>(member_.member);
  std::vector<double> report(kFirstWorker + 3 * workers, 0.0);
  report[0] = complete ? 0.0 : 1.0;
  report[1] = std::accumulate(returns.begin(), returns.end(), 0.0);
  report[2] = static_cast<double>(returns.size());
  if (complete) {
    report[own] = static_cast<double>(steps_taken(segment_));
    report[own + 2 * workers] = static_cast<double>(episodes_.steps_to_solved().value_or(0));
  }
  report[own + workers] = collect_seconds;
  member_.agreement->sum(report);
  outcome.training_return_sum = report[1];
  outcome.training_episodes = static_cast<long>(report[2]);
  const auto steps = report.begin() + kFirstWorker;
  const auto seconds = steps + workers_;
  const auto solved = seconds + workers_;
  outcome.worker_steps.assign(steps, seconds);
  outcome.environment_steps = std::accumulate(outcome.worker_steps.begin(), outcome.worker_steps.end(), 0L);
  outcome.worker_collect_seconds.assign(seconds, solved);
  // The workers' environments step at the same time.
  for (auto own_steps = solved; own_steps != report.end(); ++own_steps) {
    const long all = std::min(static_cast<long>(*own_steps) * workers_, outcome.environment_steps);
    if (all > 0 && (!outcome.steps_to_solved || all < *outcome.steps_to_solved)) outcome.steps_to_solved = all;
  }
  return report[0] == 0.0;
}

void SplitRounds::learn() {
  learner_->ingest(segment_);
  member_.agreement->sum(learner_->joint_statistics());
  for (int update = 0; update < learner_->updates_due(); ++update) {
    learner_->compute_gradient(update, 0);
    member_.agreement->update(*learner_);
  }
  learner_->finish_round();
}

void serve_split_rounds(const RunConfiguration& c, SplitRounds& rounds, const std::atomic<bool>& shared_stop) {
  for (long round = 0; round < c.warmup_rounds + c.rounds; ++round) {
    rounds.charge_step_cost(c.pays_step_cost(round));
    RoundOutcome outcome;
    if (!rounds.run_round(shared_stop, outcome)) return;
  }
}

}  // namespace prl

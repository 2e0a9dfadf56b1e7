#include "runner/central_rounds.hpp"

#include <algorithm>
#include <numeric>

#include "runner/checkpoint.hpp"
#include "runner/starting_parameters.hpp"

namespace prl {
namespace {

// Whether the workers act with other parameters than the learner's newest.
bool acts_with_others(const RunConfiguration& c) { return c.lag > 0 || !c.publish_weights; }

}  // namespace

LearnerPlan learner_plan(const RunConfiguration& c, ShardPlan shards) {
  return {shards,
          c.environments,
          c.steps_per_environment(),
          c.seed,
          c.rounds + c.warmup_rounds,
          segment_layout(c).cut_rows,
          c.cut_stragglers.has_value()};
}

namespace {

// Worker by worker, who have contiguous ranges of that many environments, or even ones.
std::vector<long> steps_of_workers(const SegmentView& segment, int workers, const std::vector<int>& environments) {
  std::vector<long> steps;
  int first = 0;
  for (int worker = 0; worker < workers; ++worker) {
    const int count = environments.empty() ? environments_of(worker, workers, segment.count()).count
                                           : environments[static_cast<std::size_t>(worker)];
    steps.push_back(steps_taken(segment.part(first, count)));
    first += count;
  }
  return steps;
}

}  // namespace

CentralRounds::CentralRounds(const RunConfiguration& c, const NetworkLayout& layout,
                             std::unique_ptr<Collector> collector)
    : workers_(c.workers),
      collector_(std::move(collector)),
      lag_(c.pipelined() ? 1 : c.lag),
      pipelined_(c.pipelined()),
      publish_(c.publish_weights),
      learner_parameters_(acts_with_others(c) ? layout.parameter_count : 0),
      episodes_(c.environments, c.solved_return) {
  LearnerStorage storage{acts_with_others(c) ? learner_parameters_.span() : collector_->parameters(), {}};
  start_parameters(c, layout, storage.parameters);
  if (acts_with_others(c)) delayed_ = std::make_unique<DelayedParameters>(storage.parameters, c.lag);
  for (int s = 0; s < c.shards; ++s) {
    gradients_.emplace_back(layout.parameter_count);
    storage.gradients.push_back(gradients_.back().span());
  }
  learner_ = make_learner(c.rule, layout, learner_plan(c, {c.shards, 0, c.shards}), std::move(storage));
  if (c.shards > 1 || c.learner_threads > 1) {
    threads_ = std::make_unique<ThreadUpdate>(*learner_, c.shards, c.learner_threads);
  }
  RunState state;
  add_learner_state(state);
  restore_state(c, state);
}

void CentralRounds::add_learner_state(RunState& state) {
  learner_->add_state(state);
  state.add(kKeptReturns, episodes_.running());
  if (delayed_ != nullptr) delayed_->add_state(state);
}

void CentralRounds::add_state(RunState& state) {
  state.add(kKeptParameters, learner_->parameters());
  add_learner_state(state);
  if (pipelined_) {
    const std::span<const float> acting = collector_->parameters_of_next_round();
    acting_.assign(acting.begin(), acting.end());
    state.add(name_of_delayed(0), std::span(acting_));
    state.add(name_of_delayed(1), learner_->parameters());
  }
  const SegmentView segment = collector_->segment();
  add_environments(segment, segment.count(), state);
}

bool CentralRounds::run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) {
  const double begin = monotonic_seconds();
  if (delayed_ != nullptr) {
    const std::span<const float> seen = delayed_->seen();
    std::copy(seen.begin(), seen.end(), collector_->parameters().begin());
  }
  if (!collector_->collect(stop)) return false;
  const double collected = monotonic_seconds();
  learn();
  if (delayed_ != nullptr && publish_) delayed_->push(learner_->parameters());
  outcome.lags.push_back(lag_);
  const double learned = monotonic_seconds();
  outcome.seconds = {collected - begin + paused_seconds_, learned - collected,
                     std::min(collector_->seconds_ahead(), learned - collected)};
  paused_seconds_ = 0.0;
  for (const WorkerSeconds& worker : collector_->worker_seconds()) {
    outcome.worker_collect_seconds.push_back(worker.collecting);
  }
  outcome.worker_environments = collector_->worker_environments();
  outcome.worker_steps = collector_->worker_steps();
  if (outcome.worker_steps.empty()) {
    outcome.worker_steps = steps_of_workers(collector_->segment(), workers_, outcome.worker_environments);
  }
  outcome.environment_steps = std::accumulate(outcome.worker_steps.begin(), outcome.worker_steps.end(), 0L);
  const std::vector<double> returns = episodes_.finish(collector_->segment());
  outcome.training_return_sum = std::accumulate(returns.begin(), returns.end(), 0.0);
  outcome.training_episodes = static_cast<long>(returns.size());
  outcome.steps_to_solved = episodes_.steps_to_solved();
  return true;
}

// What is waited for is part of the next round.
void CentralRounds::pause() {
  const double begin = monotonic_seconds();
  collector_->pause();
  paused_seconds_ += monotonic_seconds() - begin;
}

void CentralRounds::learn() {
  learner_->ingest(collector_->segment());
  if (threads_ != nullptr) {
    threads_->run();
  } else {
    update_alone();
  }
  learner_->finish_round();
}

void CentralRounds::update_alone() {
  const std::span<float> gradient = learner_->gradient(0);
  for (int index = 0; index < learner_->updates_due(); ++index) {
    learner_->compute_gradient(index, 0);
    learner_->apply_gradient({0, gradient.size()}, gradient, square_sum(gradient));
    learner_->finish_update();
  }
}

}  // namespace prl

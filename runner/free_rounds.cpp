#include "runner/free_rounds.hpp"

#include <algorithm>
#include <numeric>

#include "parallel/schedule/delayed_parameters.hpp"
#include "runner/checkpoint.hpp"
#include "runner/starting_parameters.hpp"

namespace prl {
namespace {

// The learner learns from one worker's segment at a time.
LearnerPlan plan_of_segments(const RunConfiguration& c) {
  return {{c.shards, 0, c.shards},
          needs_of(c.rule).continued_segments ? c.environments : c.environments / c.workers,
          c.steps_per_environment(),
          c.seed,
          (c.rounds + c.warmup_rounds) * c.workers,
          segment_layout(c).cut_rows};
}

}  // namespace

FreeRounds::FreeRounds(const RunConfiguration& c, const NetworkLayout& layout, std::unique_ptr<SegmentSource> actors)
    : workers_(c.workers),
      continued_(needs_of(c.rule).continued_segments),
      publish_(c.publish_weights),
      actors_(std::move(actors)),
      parameters_(layout.parameter_count),
      acting_(publish_ ? 0 : layout.parameter_count),
      episodes_(static_cast<std::size_t>(c.workers), EpisodeReturns(c.environments / c.workers, c.solved_return)) {
  start_parameters(c, layout, parameters_.span());
  LearnerStorage storage{parameters_.span(), {}};
  for (int s = 0; s < c.shards; ++s) {
    gradients_.emplace_back(layout.parameter_count);
    storage.gradients.push_back(gradients_.back().span());
  }
  learner_ = make_learner(c.rule, layout, plan_of_segments(c), std::move(storage));
  threads_ = std::make_unique<ThreadUpdate>(*learner_, c.shards, c.learner_threads);
  std::copy_n(parameters_.data(), acting_.size(), acting_.data());
  RunState state;
  add_learner_state(state);
  restore_state(c, state);
  // Its actors begin new episodes.
  if (continued_ && c.checkpoint.resumed) learner_->lose_steps(0, c.environments);
  actors_->publish(publish_ ? parameters_.span() : acting_.span());
}

void FreeRounds::add_learner_state(RunState& state) {
  learner_->add_state(state);
  if (!publish_) state.add(name_of_delayed(0), acting_.span());
}

void FreeRounds::add_state(RunState& state) {
  state.add(kKeptParameters, learner_->parameters());
  add_learner_state(state);
}

bool FreeRounds::run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) {
  outcome.worker_collect_seconds.assign(static_cast<std::size_t>(workers_), 0.0);
  updates_ = 0;
  outcome.worker_steps.assign(static_cast<std::size_t>(workers_), 0);
  for (int segment = 0; segment < workers_; ++segment) {
    const double begin = monotonic_seconds();
    SegmentSource::Arrival arrival;
    if (!actors_->take(stop, arrival)) return false;
    const double arrived = monotonic_seconds();
    learn(arrival, outcome);
    outcome.seconds.collect += arrived - begin;
    outcome.seconds.learn += monotonic_seconds() - arrived;
  }
  return true;
}

void FreeRounds::learn(const SegmentSource::Arrival& arrival, RoundOutcome& outcome) {
  const auto actor = static_cast<std::size_t>(arrival.taken.actor);
  const SegmentView& segment = arrival.trajectories;
  const bool restarted = arrival.taken.note.restarted;
  if (restarted) {
    episodes_[actor].restart();
  } else if (arrival.after_loss) {
    episodes_[actor].lose_steps();
  }
  if (continued_ && (restarted || arrival.after_loss)) learner_->lose_steps(segment.first(), segment.count());
  learner_->ingest(SegmentView(segment.layout(), segment.bytes(), continued_ ? segment.first() : 0, segment.count()));
  const std::vector<double> returns = episodes_[actor].finish(arrival.trajectories);
  outcome.training_return_sum += std::accumulate(returns.begin(), returns.end(), 0.0);
  if (const auto steps = episodes_[actor].steps_to_solved(); steps && !outcome.steps_to_solved) {
    outcome.steps_to_solved = outcome.environment_steps + *steps;
  }
  outcome.worker_steps[actor] += steps_taken(segment);
  outcome.environment_steps += steps_taken(segment);
  outcome.training_episodes += static_cast<long>(returns.size());
  outcome.worker_collect_seconds[actor] += arrival.taken.note.collecting_seconds;
  outcome.lags.push_back(arrival.lag);
  // The learner keeps nothing of the segment, so its actor may have the slot back while it learns.
  actors_->release(arrival);
  updates_ += learner_->updates_due();
  threads_->run();
  learner_->finish_round();
  if (publish_) actors_->publish(learner_->parameters());
}

}  // namespace prl

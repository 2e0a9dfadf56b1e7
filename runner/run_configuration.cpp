#include "runner/run_configuration.hpp"

#include <algorithm>

#include "envs/registry.hpp"

namespace prl {

bool RunConfiguration::oversubscribed(int usable_cores) const {
  const bool workers_wait = step_cost.kind == StepCost::Kind::kWait && reset_cost.kind != StepCost::Kind::kBusy;
  const int beside = learner_beside_workers() ? 1 : 0;
  const int threads = workers_wait ? workers : workers * threads_per_worker;
  const int busy_workers = workers_wait && agreement == Agreement::kNone ? 1 : threads + beside;
  return busy_workers > usable_cores || learner_threads > usable_cores;
}

bool RunConfiguration::pays_step_cost(long round) const {
  const long counted = round - warmup_rounds + 1;
  if (counted < 1) return false;
  return cost_rounds.empty() || std::binary_search(cost_rounds.begin(), cost_rounds.end(), counted);
}

bool RunConfiguration::evaluates_after(long round) const {
  const long counted = round - warmup_rounds + 1;
  if (evaluation.every_rounds <= 0 || counted < 1) return false;
  return counted % evaluation.every_rounds == 0 || counted == rounds_to_run();
}

SegmentLayout segment_layout(const RunConfiguration& c) {
  SegmentLayout layout{c.steps_per_environment(), c.network.observation_size, c.network.action_size()};
  if (needs_of(c.rule).cut_observations) {
    layout.cut_rows = most_cuts(layout.steps, find_environment(c.environment)->info().time_limit);
  }
  layout.action_values = needs_of(c.rule).action_values;
  layout.whole_episodes = c.episodes_per_round() > 0;
  const bool moves = c.balance == Balance::kSpeed;
  const bool keeps = c.checkpoint.every_rounds > 0 && !c.free_running();
  if ((moves || keeps) && !layout.whole_episodes) {
    layout.state_bytes = find_environment(c.environment)->info().state_bytes;
  }
  return layout;
}

bool samples_actions(const RunConfiguration& c) {
  return exploration_of(c.rule, c.environments).kind == Exploration::kSampled;
}

}  // namespace prl

// Runs in which environments move: one worker is so much slower than the others that it keeps one environment.
#pragma once

#include "envs/registry.hpp"
#include "tests/parallel_expectations.hpp"

namespace prl::test {

struct MovingRun {
  CollectionPlan plan;
  ActorSetting setting;
};

// The first costs nothing, and environments may move by noise before the second is over.
inline constexpr int kMovingRounds = 5;

// Nine environments; worker 1 is 20 times slower than the others.
inline MovingRun moving_run(const EnvironmentEntry& entry, int workers) {
  const EnvironmentInfo info = entry.info();
  NetworkSpec spec;
  spec.observation_size = info.observation_size;
  spec.head_size = info.head_size;
  spec.action_kind = info.discrete ? ActionKind::kDiscrete : ActionKind::kContinuous;
  spec.hidden = {8};
  const NetworkLayout network(spec);
  CollectionPlan plan;
  plan.workers = workers;
  plan.environments = 9;
  plan.parameter_count = network.parameter_count;
  plan.layout = {30, info.observation_size, spec.action_size()};
  plan.layout.state_bytes = info.state_bytes;
  plan.slow_worker = workers > 1 ? 1 : -1;
  plan.slow_factor = 20.0;
  plan.by_speed = true;
  return {plan, {network, 11, parse_step_cost("wait:40us")}};
}

}  // namespace prl::test

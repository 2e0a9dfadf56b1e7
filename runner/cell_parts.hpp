// What the assemblies of all cells need of a run.
#pragma once

#include <memory>

#include "core/actor.hpp"
#include "core/network_layout.hpp"
#include "core/step_cost.hpp"
#include "envs/registry.hpp"
#include "parallel/collect/collection_plan.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

struct CellParts {
  const RunConfiguration& configuration;
  const NetworkLayout& layout;
  ActorFactory actors;
  EnvironmentBatchFactory batches;
  CollectionPlan plan;
};

// The actor of a worker's environments, made on the thread that is going to act with it.
inline std::unique_ptr<Actor> make_own_actor(const CellParts& parts, int worker) {
  slow_down_this_thread(parts.plan.slowness_of(worker));
  const EnvironmentRange range = environments_of(worker, parts.configuration.workers, parts.configuration.environments);
  return parts.actors(range.first, range.count);
}

}  // namespace prl

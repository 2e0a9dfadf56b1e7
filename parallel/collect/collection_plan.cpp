#include "parallel/collect/collection_plan.hpp"

#include <stdexcept>
#include <string>

namespace prl {

void check_plan(const CollectionPlan& plan) {
  if (plan.workers < 1) {
    throw std::invalid_argument(std::to_string(plan.workers) + " workers: at least 1 is needed");
  }
  if (plan.workers > plan.environments) {
    throw std::invalid_argument(
        std::to_string(plan.workers) + " workers for " + std::to_string(plan.environments) +
        " environments: each worker needs at least one; use fewer workers or more environments");
  }
  if (plan.layout.steps < 1 || plan.layout.observation_size < 1 || plan.layout.action_size < 1) {
    throw std::invalid_argument("a segment needs at least one step, one observation and one action");
  }
  if (plan.by_speed && (plan.grain > 0 || plan.layout.state_bytes == 0)) {
    throw std::invalid_argument(
        "environments that move by speed need blocks that keep their states, and workers with a range of their own");
  }
}

}  // namespace prl

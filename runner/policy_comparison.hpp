// Evaluates several policies at once: their episodes are shared out over threads.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "envs/registry.hpp"
#include "runner/policy_file.hpp"
#include "runner/training_run.hpp"

namespace prl {

struct EvaluationTask {
  const EnvironmentEntry* environment = nullptr;
  Policy policy;
};

// An evaluation a task, with the returns that each has alone: episodes have random numbers of their own. `workers` is at
// least 1; of more than the usable cores some wait. Empty once `stop` is set.
std::vector<Evaluation> evaluate_policies(const std::vector<EvaluationTask>& tasks, int episodes, std::uint64_t seed,
                                          EvaluationAction action, int workers, const std::atomic<bool>& stop);

}  // namespace prl

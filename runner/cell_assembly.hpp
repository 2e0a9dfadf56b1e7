// Puts a cell of the matrix together: forks or joins its workers, lets them work, and runs the training loop on worker 0.
//
// Order matters: forked workers come first, then MPI, then the first use of LibTorch, because a child must not inherit
// another library's threads.
#pragma once

#include <functional>

#include "envs/registry.hpp"
#include "runner/round_runner.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

// What worker 0 does with the assembled rounds. Other workers never call it.
using LearnerMain = std::function<void(RoundRunner&)>;

// Runs `learner_main` on worker 0 while the other workers serve, and returns when all are done. Returns true on worker
// 0, false on an MPI rank that served. Throws WorkerDied, std::runtime_error; an MPI rank that fails says so on standard
// error and ends the job.
bool run_cell(const RunConfiguration& configuration, const NetworkLayout& layout, const EnvironmentEntry& environment,
              const LearnerMain& learner_main);

}  // namespace prl

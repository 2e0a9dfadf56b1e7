// Puts the cells together in which every worker learns from its own environments and gradients are added up.
#pragma once

#include "parallel/transport/mpi_session.hpp"
#include "runner/cell_assembly.hpp"
#include "runner/cell_parts.hpp"

namespace prl {

// In forked processes beside the caller, which is worker 0: gradients are added up where they lie in shared memory, or
// cross it encoded. Throws WorkerDied, std::runtime_error.
void learn_split_in_processes(const CellParts& parts, const LearnerMain& learner_main);

// As one of the ranks of `session`, of which rank 0 runs `learner_main`. Throws std::runtime_error.
void learn_split_as_rank(const CellParts& parts, MpiSession& session, const LearnerMain& learner_main);

}  // namespace prl

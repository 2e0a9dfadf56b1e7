// The asynchronous parameter server of an MPI job: ranks that work, each with a learner and environments of its own, and
// ranks that serve them parameters (parallel/agree/mpi_parameter_server.hpp), of which the first also hands out segments.
#pragma once

#include "runner/cell_assembly.hpp"
#include "runner/cell_parts.hpp"

namespace prl {

class MpiSession;

// A rank's part; on rank 0 learner_main is called. All ranks call it.
void learn_at_ranks_that_serve(const CellParts& parts, MpiSession& session, const LearnerMain& learner_main);

}  // namespace prl

// Whether this process runs under mpirun, and starting it there if it does not.
#pragma once

#include <string>
#include <vector>

namespace prl {

// Ranks of the job that a launcher (mpirun, mpiexec, srun) started this process in; 0 if none did. Read from the
// environment, like this process's rank in it: both are known before MPI_Init.
int launched_ranks();
int launched_rank();

// Replaces this process by `mpirun -n ranks <this program> arguments...`. Adds what mpirun needs to run as root, to run
// more ranks than it counts cores, and not to bind all ranks to one core. Throws UsageError if there is no mpirun; does
// not return otherwise.
[[noreturn]] void start_under_mpirun(int ranks, const std::vector<std::string>& arguments);

}  // namespace prl

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

// For a process that no launcher has started and that is going to start ranks itself: says the same to Open MPI's daemon,
// by its environment, and that it lives on when a rank dies. Before MPI_Init. There is no mpirun in between then, which
// under --enable-recovery forgets the exit status.
void prepare_to_start_ranks();

// Whether Open MPI's mpirun has started this process, and ends the run when a rank of any of its jobs dies.
bool mpirun_ends_with_a_rank();

// This program with these arguments, as another process has to name it.
std::vector<std::string> own_command(const std::vector<std::string>& arguments);

}  // namespace prl

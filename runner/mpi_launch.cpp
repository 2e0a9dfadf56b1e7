#include "runner/mpi_launch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "runner/run_configuration.hpp"

namespace prl {

int launched_ranks() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"}) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  // Under srun only a step that was started for MPI has both.
  if (std::getenv("PMIX_RANK") != nullptr) {
    if (const char* value = std::getenv("SLURM_NTASKS")) return std::atoi(value);
  }
  return 0;
}

void start_under_mpirun(int workers, int usable_cores, const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"mpirun", "-n", std::to_string(workers), "--bind-to", "none"};
  if (::geteuid() == 0) words.emplace_back("--allow-run-as-root");
  if (workers > usable_cores) words.emplace_back("--oversubscribe");
  words.push_back(std::filesystem::read_symlink("/proc/self/exe").string());
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  throw UsageError(
      fmt::format("cannot start mpirun ({}): install Open MPI (Debian: openmpi-bin) or start prl by your "
                  "launcher with {} ranks",
                  std::strerror(errno), workers));
}

}  // namespace prl

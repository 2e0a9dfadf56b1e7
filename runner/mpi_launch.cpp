#include "runner/mpi_launch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "runner/run_configuration.hpp"

namespace prl {
namespace {

struct LaunchedJob {
  int ranks = 0;
  int rank = 0;
};

LaunchedJob launched_job() {
  const std::pair<const char*, const char*> launchers[] = {{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
                                                           {"PMI_SIZE", "PMI_RANK"},
                                                           {"MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"},
                                                           // Under srun only a step that was started for MPI has both.
                                                           {"SLURM_NTASKS", "PMIX_RANK"}};
  for (const auto& [size_name, rank_name] : launchers) {
    const char* size = std::getenv(size_name);
    const char* rank = std::getenv(rank_name);
    if (size != nullptr && rank != nullptr) return {std::atoi(size), std::atoi(rank)};
  }
  return {};
}

}  // namespace

int launched_ranks() { return launched_job().ranks; }
int launched_rank() { return launched_job().rank; }

bool mpirun_ends_with_a_rank() {
  const char* const recovers = std::getenv("OMPI_MCA_orte_enable_recovery");
  const bool by_mpirun = std::getenv("OMPI_MCA_orte_hnp_uri") != nullptr;
  return by_mpirun && (recovers == nullptr || std::strcmp(recovers, "1") != 0);
}

std::vector<std::string> own_command(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {std::filesystem::read_symlink("/proc/self/exe").string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

void prepare_to_start_ranks() {
  const std::pair<const char*, const char*> settings[] = {
      {"OMPI_ALLOW_RUN_AS_ROOT", "1"},
      {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
      {"OMPI_MCA_orte_enable_recovery", "1"},
      {"OMPI_MCA_rmaps_base_oversubscribe", "1"},
      {"OMPI_MCA_hwloc_base_binding_policy", "none"},
      // Its own words about a death would hide the learner's one line.
      {"OMPI_MCA_orte_execute_quiet", "1"},
  };
  for (const auto& [name, value] : settings) setenv(name, value, 0);
}

void start_under_mpirun(int ranks, const std::vector<std::string>& arguments) {
  // Oversubscription is always allowed: mpirun counts cores where prl counts the processors that it may use.
  std::vector<std::string> words = {"mpirun", "-n", std::to_string(ranks), "--bind-to", "none", "--oversubscribe"};
  if (::geteuid() == 0) words.emplace_back("--allow-run-as-root");
  const std::vector<std::string> command = own_command(arguments);
  words.insert(words.end(), command.begin(), command.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  throw UsageError(
      fmt::format("cannot start mpirun ({}): install Open MPI (Debian: openmpi-bin) or start prl by your "
                  "launcher with {} ranks",
                  std::strerror(errno), ranks));
}

}  // namespace prl

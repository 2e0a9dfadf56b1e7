#include "benchmarks/mpi_harness.hpp"

#include <cstdlib>
#include <string_view>

#include "benchmarks/harness.hpp"
#include "parallel/transport/mpi_error.hpp"
#include "runner/mpi_launch.hpp"

namespace prl {
namespace {

// From the environment, because workers may have to be forked before MPI is initialised.
bool is_first_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK", "PMIX_RANK"}) {
    if (const char* rank = std::getenv(name)) return std::string_view(rank) == "0";
  }
  return true;
}

BenchmarkFunction guarded(const BenchmarkFunction& function) {
  return [function](benchmark::State& state) {
    try {
      function(state);
    } catch (const std::exception& error) {
      state.SkipWithError(error.what());
    }
  };
}

}  // namespace

void register_local(const std::string& name, const BenchmarkFunction& function, Clock clock) {
  if (launched_ranks() != 0) return;
  benchmark::internal::Benchmark* registered = benchmark::RegisterBenchmark(name.c_str(), guarded(function));
  clock == Clock::kManual ? registered->UseManualTime() : registered->UseRealTime();
}

void register_mpi(const std::string& name, int ranks, benchmark::IterationCount iterations,
                  const BenchmarkFunction& function) {
  if (launched_ranks() == ranks) {
    benchmark::RegisterBenchmark(name.c_str(), function)->Iterations(iterations)->UseManualTime();
  } else if (launched_ranks() == 0) {
    const std::string hint = "runs under mpirun -n " + std::to_string(ranks);
    benchmark::RegisterBenchmark(name.c_str(), [hint](benchmark::State& state) { state.SkipWithError(hint.c_str()); });
  }
}

int run_benchmarks_of_ranks(int argc, char** argv) {
  return is_first_rank() ? run_benchmarks(argc, argv) : run_benchmarks_silently(argc, argv);
}

void measure_ranks(benchmark::State& state, const MpiSession& session, benchmark::IterationCount batch,
                   const std::function<void(benchmark::IterationCount)>& run) {
  while (state.KeepRunningBatch(batch)) {
    check_mpi(MPI_Barrier(session.communicator()), "begin together");
    const double start_seconds = monotonic_seconds();
    run(batch);
    double seconds = monotonic_seconds() - start_seconds;
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, session.communicator()),
              "find the slowest rank");
    state.SetIterationTime(seconds);
  }
}

}  // namespace prl

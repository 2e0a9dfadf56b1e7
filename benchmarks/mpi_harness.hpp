// Benchmarks of MPI ranks, in programs that also have benchmarks of one process.
//
// A benchmark of N ranks has `/mpi` and `ranks:N`, `workers:N` or `members:N` in its name. Every program lists its own;
// they run where it was started by `mpirun -n N`, and everywhere else are skipped with that hint. Under mpirun nothing
// else runs.
//
// All ranks run the same fixed number of iterations. Times are set by hand and are those of the slowest rank, which is
// found outside the timed region. Only rank 0 prints and writes.
#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "parallel/transport/mpi_session.hpp"

namespace prl {

using BenchmarkFunction = std::function<void(benchmark::State&)>;

// Who reads the clock: Google Benchmark, or the benchmark itself.
enum class Clock { kWall, kManual };

// A benchmark of this process, its threads and its children. Not registered under mpirun.
void register_local(const std::string& name, const BenchmarkFunction& function, Clock clock = Clock::kWall);

// A benchmark of `ranks` ranks, of which `function` is called on each.
void register_mpi(const std::string& name, int ranks, benchmark::IterationCount iterations,
                  const BenchmarkFunction& function);

// run_benchmarks() (benchmarks/harness.hpp), or its silent form on ranks other than 0.
int run_benchmarks_of_ranks(int argc, char** argv);

// Runs the benchmark in batches of `batch` iterations that all ranks begin together, and takes the slowest rank's time of
// each. `iterations` are a multiple of `batch`.
void measure_ranks(benchmark::State& state, const MpiSession& session, benchmark::IterationCount batch,
                   const std::function<void(benchmark::IterationCount)>& run);

}  // namespace prl

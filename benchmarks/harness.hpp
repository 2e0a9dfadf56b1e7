// What every benchmark program does around its subject: Google Benchmark's flags, the context in its JSON, and counters
// in the units of the field.
#pragma once

#include <benchmark/benchmark.h>

#include <string>

namespace prl {

// Parses Google Benchmark's flags, runs what was registered, prints and writes it. Returns the exit status.
int run_benchmarks(int argc, char** argv);

// The same without a word and without a file, for a process that only takes part in another's measurement.
int run_benchmarks_silently(int argc, char** argv);

// Adds a rate over the measured time to the benchmark's counters, e.g. "steps/s".
void set_rate(benchmark::State& state, const std::string& unit, double count);

// Marks a row whose workers are busy and more than there are cores: it says nothing of scaling.
void label_oversubscribed(benchmark::State& state, int busy_workers);

}  // namespace prl

#include "benchmarks/harness.hpp"

#include <string_view>
#include <vector>

#include "build_info.hpp"
#include "parallel/transport/usable_cores.hpp"

namespace prl {
namespace {

void add_context() {
  benchmark::AddCustomContext("commit", PRL_BUILD_COMMIT);
  benchmark::AddCustomContext("source_digest", PRL_BUILD_SOURCE_DIGEST);
  benchmark::AddCustomContext("compiler", PRL_BUILD_COMPILER);
  benchmark::AddCustomContext("flags", PRL_BUILD_FLAGS);
  benchmark::AddCustomContext("build_type", PRL_BUILD_TYPE);
  benchmark::AddCustomContext("libtorch", PRL_BUILD_TORCH_VERSION);
  benchmark::AddCustomContext("onetbb", PRL_BUILD_TBB_VERSION);
  benchmark::AddCustomContext("mpi", PRL_BUILD_MPI_VERSION);
  benchmark::AddCustomContext("usable_cores", std::to_string(usable_cores()));
}

class SilentReporter final : public benchmark::BenchmarkReporter {
 public:
  SilentReporter() {
    SetOutputStream(&nowhere_);
    SetErrorStream(&nowhere_);
  }
  // False would end the run.
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& /*runs*/) override {}

 private:
  std::ostream nowhere_{nullptr};
};

bool parse_flags(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  return !benchmark::ReportUnrecognizedArguments(argc, argv);
}

bool names_output(std::string_view argument) { return argument.starts_with("--benchmark_out"); }

}  // namespace

int run_benchmarks(int argc, char** argv) {
  add_context();
  if (!parse_flags(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

int run_benchmarks_silently(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  std::erase_if(arguments, [](const char* argument) { return names_output(argument); });
  const int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  if (!parse_flags(count, arguments.data())) return 2;
  SilentReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  return 0;
}

void set_rate(benchmark::State& state, const std::string& unit, double count) {
  state.counters[unit] = benchmark::Counter(count, benchmark::Counter::kIsRate);
}

void label_oversubscribed(benchmark::State& state, int busy_workers) {
  if (busy_workers > usable_cores()) state.SetLabel("oversubscribed");
}

}  // namespace prl

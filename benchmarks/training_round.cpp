// One whole training round of PPO, preset d4, on Pendulum-v1 with 16 environments: 2048 steps collected, then learned
// from, by mode and number of workers.
//
//   ppo/round/MODE/workers:W              steps as they are: nanoseconds, so that learning takes most of the round
//   ppo/round/MODE/workers:W/wait:100us   a step blocks for 100 us, so that collecting does
//
// MODE: serial, threads, processes, mpi; MODE_remote chooses actions at the learner, a message each step; MODE_split
// computes gradients in every worker and sums them. A round begins and ends at worker 0, whose time is therefore that of
// the slowest worker. `communication` is the share of the time spent on moving data, without waiting for it.
#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/harness.hpp"
#include "benchmarks/isolated_rounds.hpp"
#include "benchmarks/mpi_harness.hpp"
#include "benchmarks/preset_network.hpp"
#include "parallel/transport/usable_cores.hpp"
#include "runner/cell_assembly.hpp"

namespace prl {
namespace {

constexpr std::string_view kEnvironment = "Pendulum-v1";
constexpr int kMpiRounds = 4;

struct Mode {
  std::string name;
  CollectMode collect;
  InferencePlace inference = InferencePlace::kWorkers;
  Agreement agreement = Agreement::kNone;
};

RunConfiguration configuration_of(const Mode& mode, int workers, const StepCost& cost, long rounds) {
  const RulePreset preset = preset_for("d4", kEnvironment);
  const bool split = mode.agreement == Agreement::kAllReduce;
  RunConfiguration c;
  c.environment = kEnvironment;
  c.preset = preset.name;
  c.collect = mode.collect;
  c.workers = workers;
  c.inference = mode.inference;
  c.agreement = mode.agreement;
  c.learner_threads = split && mode.collect == CollectMode::kThreads ? workers : 1;
  c.shards = split ? workers : 1;
  c.steps_per_round = preset.steps_per_round;
  c.rounds = rounds;
  c.warmup_rounds = 1;
  c.step_cost = cost;
  c.network = preset.network;
  c.rule = preset.setting;
  return c;
}

double moving_seconds(const CommunicationLedger& ledger) {
  double seconds = 0.0;
  for (const Purpose purpose : {Purpose::kWeights, Purpose::kTrajectories, Purpose::kGradients, Purpose::kControl}) {
    seconds += ledger.of(purpose).transfer_seconds;
  }
  return seconds;
}

// One round to warm up, then as many as there is room for.
void run_rounds(RoundRunner& rounds, RoundMeasurements& measurements) {
  const std::atomic<bool> stop{false};
  RoundOutcome warm_up;
  rounds.charge_step_cost(false);
  rounds.run_round(stop, warm_up);
  rounds.charge_step_cost(true);
  rounds.reset_communication();
  double total_seconds = 0.0;
  for (double& seconds : measurements.seconds) {
    RoundOutcome outcome;
    rounds.run_round(stop, outcome);
    seconds = outcome.seconds.total();
    total_seconds += seconds;
  }
  measurements.communication_share = moving_seconds(rounds.communication()) / total_seconds;
}

void report(benchmark::State& state, const RunConfiguration& c, const RoundMeasurements& measurements) {
  auto seconds = measurements.seconds.begin();
  while (state.KeepRunning()) state.SetIterationTime(*seconds++);
  set_rate(state, "steps/s", static_cast<double>(state.iterations()) * c.steps_per_round);
  state.counters["communication"] = measurements.communication_share;
  if (c.oversubscribed(usable_cores())) state.SetLabel("oversubscribed");
}

void measure(benchmark::State& state, const Mode& mode, int workers, const StepCost& cost) {
  const RunConfiguration c = configuration_of(mode, workers, cost, static_cast<long>(state.max_iterations));
  const NetworkLayout layout(c.network);
  const EnvironmentEntry& environment = *find_environment(c.environment);
  const auto run = [&](RoundMeasurements& measurements) {
    run_cell(c, layout, environment, [&](RoundRunner& rounds) { run_rounds(rounds, measurements); });
  };
  const auto count = static_cast<std::size_t>(state.max_iterations);
  if (mode.collect == CollectMode::kMpi) {
    int finalised = 0;
    MPI_Finalized(&finalised);
    if (finalised != 0) {
      state.SkipWithError("a cell starts and ends MPI, which can be done once: choose one with --benchmark_filter");
      return;
    }
    // Ranks that serve measure nothing; what they report is not printed.
    std::vector<double> seconds(count, 1.0);
    RoundMeasurements measurements{seconds, 0.0};
    run(measurements);
    report(state, c, measurements);
  } else {
    measure_in_child(count, run, [&](const RoundMeasurements& taken) { report(state, c, taken); });
  }
}

void register_round(const Mode& mode, int workers, const std::string& cost) {
  const std::string name =
      "ppo/round/" + mode.name + "/workers:" + std::to_string(workers) + (cost == "none" ? "" : "/" + cost);
  const auto function = [=](benchmark::State& state) { measure(state, mode, workers, parse_step_cost(cost)); };
  if (mode.collect == CollectMode::kMpi) {
    register_mpi(name, workers, kMpiRounds, function);
  } else {
    register_local(name, function, Clock::kManual);
  }
}

void register_rounds(const Mode& mode) {
  const bool serial = mode.collect == CollectMode::kSerial;
  for (const int workers : {1, 2, 4}) {
    if (serial == (workers == 1)) register_round(mode, workers, "none");
  }
  if (mode.agreement != Agreement::kNone) return;
  for (const int workers : {1, 4, 16}) {
    if (serial == (workers == 1)) register_round(mode, workers, "wait:100us");
  }
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  using prl::Agreement;
  using prl::CollectMode;
  using prl::InferencePlace;
  const prl::Mode modes[] = {
      {"serial", CollectMode::kSerial},
      {"threads", CollectMode::kThreads},
      {"threads_split", CollectMode::kThreads, InferencePlace::kWorkers, Agreement::kAllReduce},
      {"processes", CollectMode::kProcesses},
      {"processes_remote", CollectMode::kProcesses, InferencePlace::kLearner},
      {"processes_split", CollectMode::kProcesses, InferencePlace::kWorkers, Agreement::kAllReduce},
      {"mpi", CollectMode::kMpi},
      {"mpi_remote", CollectMode::kMpi, InferencePlace::kLearner},
      {"mpi_split", CollectMode::kMpi, InferencePlace::kWorkers, Agreement::kAllReduce},
  };
  for (const prl::Mode& mode : modes) prl::register_rounds(mode);
  return prl::run_benchmarks_of_ranks(argc, argv);
}

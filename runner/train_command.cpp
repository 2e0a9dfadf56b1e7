#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "algorithms/autograd_network.hpp"
#include "envs/registry.hpp"
#include "parallel/transport/usable_cores.hpp"
#include "parallel/transport/worker_died.hpp"
#include "runner/atomic_file.hpp"
#include "runner/cell_assembly.hpp"
#include "runner/checkpoint.hpp"
#include "runner/commands.hpp"
#include "runner/interrupt.hpp"
#include "runner/mpi_launch.hpp"
#include "runner/policy_file.hpp"
#include "runner/progress.hpp"
#include "runner/run_record.hpp"
#include "runner/starting_parameters.hpp"
#include "runner/training_run.hpp"

namespace prl {
namespace {

std::string command_text(const std::vector<std::string>& arguments) {
  std::string text = "prl";
  for (const std::string& argument : arguments) text += " " + argument;
  return text;
}

void check_outputs(const TrainOptions& options) {
  if (!options.record.empty() && options.record == options.save_policy) {
    throw UsageError(fmt::format("--record and --save-policy are both {}: give two files", options.record.string()));
  }
  if (!options.record.empty()) check_writable(options.record);
  if (!options.save_policy.empty()) check_writable(options.save_policy);
  const std::filesystem::path& checkpoint = options.base.checkpoint.file;
  if (checkpoint.empty()) return;
  if (checkpoint == options.record || checkpoint == options.save_policy) {
    throw UsageError(fmt::format("--checkpoint and another output are both {}: give two files", checkpoint.string()));
  }
  check_writable(checkpoint);
}

// Checks that this process was started as the configuration wants it, and that the outputs can be written. Does not
// return where MPI ranks are wanted and no launcher has started them: then mpirun takes this process's place.
void start_where_it_runs(const RunConfiguration& c, const TrainOptions& options,
                         const std::vector<std::string>& arguments) {
  if (!c.spawn.place.empty()) return;  // Checked where its learner was started.
  const int ranks = launched_ranks();
  const bool mpi = c.collect == CollectMode::kMpi;
  if (!mpi && ranks > 1) {
    throw UsageError(
        fmt::format("started by a launcher with {} ranks but --collect is {}: give --collect mpi, or start "
                    "prl without the launcher",
                    ranks, name_of(c.collect)));
  }
  if (mpi && ranks > 0 && ranks != c.ranks()) {
    const int workers = c.workers + ranks - c.ranks();
    throw UsageError(fmt::format("--workers {} but the launcher started {} ranks: {}start {}", c.workers, ranks,
                                 workers > 0 ? fmt::format("give --workers {} or ", workers) : "", c.ranks()));
  }
  if (c.spawn.actors && mpirun_ends_with_a_rank()) {
    throw UsageError(
        "--spawn-actors true, but this mpirun ends the run when an actor dies: start it with --enable-recovery");
  }
  if (launched_rank() == 0) check_outputs(options);
  if (c.spawn.actors) return prepare_to_start_ranks();
  if (mpi && ranks == 0) start_under_mpirun(c.ranks(), arguments);
}

// What starts an actor of the run that `arguments` describe.
std::vector<std::string> actor_command(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {kActorCommand, SpawnSetting::place_word};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return own_command(words);
}

void print_summary(const RunConfiguration& c, const TrainingResult& result) {
  const RoundSeconds sum = result.sum();
  fmt::print("{} {} {} W={}: {} rounds of {}, {:.0f} steps/s (collect {:.3f} s, learn {:.3f} s)", c.algorithm(),
             c.environment, name_of(c.collect), c.workers, result.rounds.size(),
             c.episodes_per_round() > 0 ? fmt::format("{} episodes", c.episodes_per_round())
                                        : fmt::format("{} steps", c.steps_per_round),
             result.steps_per_second(), sum.collect, sum.learn);
  if (result.final_evaluation) {
    fmt::print(", mean return {:.1f} over {} episodes", result.final_evaluation->mean(),
               result.final_evaluation->returns.size());
  }
  fmt::print("\n");
}

}  // namespace

int run_train(const TrainOptions& options, const std::vector<std::string>& arguments) {
  const double begin = monotonic_seconds();
  RunConfiguration configuration = going_on(configure(options));
  if (configuration.spawn.actors) configuration.spawn.command = actor_command(arguments);
  const Machine machine = describe_machine();
  std::optional<Checkpoint> other;
  if (!configuration.checkpoint.learner_from.empty()) other.emplace(CheckpointUse::kLearnerFrom, configuration);
  start_where_it_runs(configuration, options, arguments);
  check_initial_policy(configuration);
  const NetworkLayout layout(configuration.network);
  const EnvironmentEntry& environment = *find_environment(configuration.environment);
  TrainingResult result;
  long rounds_kept = 0;
  const auto train = [&](RoundRunner& rounds) {
    Progress progress(options.progress, configuration.rounds_to_run(), configuration.warmup_rounds);
    const double start_up_seconds = monotonic_seconds() - begin;
    if (other) other->hand_over_learner(rounds);
    const auto after_round = [&](long done, const TrainingResult& so_far) {
      progress.show(done, so_far);
      const CheckpointSetting& checkpoint = configuration.checkpoint;
      if (!checkpoint.due_after(done)) return;
      save_checkpoint(checkpoint.file, configuration, {done, so_far}, rounds);
      rounds_kept = done;
    };
    result = run_training(configuration, layout, environment, rounds, stop_requested(), after_round,
                          reached_before(configuration));
    result.start_up_seconds = start_up_seconds;
    progress.finish();
    if (!options.record.empty()) {
      const Json record = record_json(command_text(arguments), configuration, machine, result);
      write_file_atomically(options.record, record.dump(1) + "\n");
    }
    if (!options.save_policy.empty()) {
      const std::span<const float> parameters = rounds.parameters();
      save_policy(options.save_policy, {configuration.environment,
                                        configuration.network,
                                        {parameters.begin(), parameters.end()},
                                        !samples_actions(configuration)});
    }
  };
  bool learner = false;
  try {
    learner = run_cell(configuration, layout, environment, train);
  } catch (const WorkerDied& error) {
    if (rounds_kept == 0) throw;
    throw WorkerDied(fmt::format("{}; --resume {} goes on after round {}", error.what(),
                                 configuration.checkpoint.file.string(), rounds_kept));
  }
  if (!learner) return 0;
  if (options.progress != ProgressStyle::kNone) print_summary(configuration, result);
  return result.interrupted ? kExitInterrupted : 0;
}

}  // namespace prl

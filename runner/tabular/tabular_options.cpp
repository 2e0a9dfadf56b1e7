#include "runner/tabular/tabular_options.hpp"

#include <fmt/format.h>

#include "envs/tabular/registry.hpp"
#include "runner/add_option.hpp"
#include "runner/option_values.hpp"
#include "runner/tabular/tabular_cells.hpp"

namespace prl {
namespace {

constexpr const char* kWhole = "N";
constexpr const char* kReal = "X";
constexpr long kMostSteps = 1'000'000'000'000'000;

void add_run_options(CLI::App& command, TabularOptions& o) {
  command.get_help_ptr()->group("Run");
  command.option_defaults()->group("Run");
  add_value(command, "--config", o.config_file, "FILE",
            "TOML file with any of these options (step_size = \"power:0.8\"); the command line has the last word");
  add_value(command, "--algorithm", o.algorithm, "NAME", "q-learning or sarsa; other rules have other options");
  add_value(command, "--env", o.base.environment, "NAME", "table (see prl list)");
  add_value(command, "--steps", o.steps, kWhole,
            "agents' steps, or transitions drawn, of all workers; sweeps round up to whole batches");
  add_value(command, "--seed", o.base.setting.seed, kWhole, "seed of all random numbers")->check(seed_number());
}

void add_mode_options(CLI::App& command, TabularOptions& o) {
  TabularConfiguration& c = o.base;
  command.option_defaults()->group("Parallel mode");
  add_collect_option(command, c.collect, "where workers run [serial]");
  add_value(command, "--workers", c.workers, kWhole, "workers; worker 0 also looks at the error");
  add_choice<Experience>(
      command, "--experience", c.experience,
      {{"agents", Experience::kAgents}, {"model", Experience::kModel}, {"pool", Experience::kPool}},
      "epsilon-greedy agents; pairs drawn uniformly; draws from a pool of such, gathered before [agents]");
  add_choice<TableAgreement>(
      command, "--agreement", o.agreement,
      {{"none", TableAgreement::kNone},
       {"partition", TableAgreement::kPartition},
       {"shared", TableAgreement::kShared},
       {"server", TableAgreement::kServer},
       {"experience", TableAgreement::kExperience},
       {"gradients", TableAgreement::kGradients}},
      "one worker; rows divided by state, in lock-step sweeps; a table that all write without agreement; a server of "
      "workers' own tables, of their experience, of their gradients [none of serial, shared of agents, partition "
      "else]");
  add_choice<Schedule>(
      command, "--schedule", o.schedule, {{"lock-step", Schedule::kLockStep}, {"free-running", Schedule::kFreeRunning}},
      "server: averages workers' tables in lock-step, or merges each at once [free-running of shared and gradients, "
      "lock-step else]");
  add_value(command, "--local-updates", c.local_updates, kWhole,
            "a worker's updates between meetings with the server, or until it receives the table again");
  add_value(command, "--merge-rate", o.merge_rate, kReal, "how far a merge moves the server's table [1 / workers]");
  add_value(command, "--refresh-after-merge", c.refresh_after_merge, "BOOL",
            "whether a worker goes on with the server's table after a merge, or with its own");
  add_value(command, "--agents", o.agents, kWhole, "agents, shared out over the workers [workers]");
  add_value(command, "--batch", c.batch, kWhole, "transitions a sweep, or sent together to a server of experience");
  add_value(command, "--pool", c.pool, kWhole, "transitions of the pool");
  add_value(command, "--step-cost", o.step_cost, "COST",
            "what an agent's step costs beside its own time: none, busy:T (burns CPU time) or wait:T (blocks), with T "
            "like 250us or 4.1ms");
}

void add_rule_options(CLI::App& command, TabularOptions& o) {
  TabularAgentSetting& setting = o.base.setting;
  command.option_defaults()->group("Rule");
  add_value(command, "--gamma", setting.gamma, kReal, "discount, below 1");
  add_value(command, "--step-size", o.step_size, "SCHEDULE",
            "constant:A, power:W (1/n^W by visits n), vanishing (power:2) or lingering (power:0.4)");
  add_value(command, "--epsilon", o.epsilon, "SCHEDULE", "constant:E or linear:A:B:STEPS by an agent's steps");
  add_value(command, "--subsets", setting.subsets, kWhole,
            "subsets of actions, each maximising over its own only; 1 is Q-learning");
  add_value(command, "--replay", setting.replay_capacity, kWhole, "transitions of each agent's replay; 0 for none");
  add_value(command, "--replay-batch", setting.replay_batch, kWhole, "updates a step from the replay");
  add_value(command, "--episode-limit", o.episode_limit, kWhole,
            "steps until an episode is truncated; 0 for never [the table's]");
  command
      .add_flag("--exploring-starts", setting.walk.exploring_starts,
                "episodes begin with a pair drawn uniformly, not at the table's start")
      ->type_name("");
}

void add_output_options(CLI::App& command, TabularOptions& o) {
  command.option_defaults()->group("Evaluation and output");
  add_value(command, "--look-every", o.look_every, kWhole, "steps of all workers between looks at ||Q - Q*||");
  add_value(command, "--stop-at-error", o.base.stop_at_error, kReal,
            "end the run once a look finds ||Q - Q*|| at most this; 0 for never");
  add_value(command, "--record", o.record, "FILE", "write the run record (JSON) here")->check(file_name());
  add_choice<ProgressStyle>(
      command, "--progress", o.progress,
      {{"auto", ProgressStyle::kAuto}, {"plain", ProgressStyle::kPlain}, {"none", ProgressStyle::kNone}},
      "a line now and then (auto, plain), or nothing, the summary included [auto]");
}

TableAgreement usual_agreement(const TabularConfiguration& c) {
  if (c.collect == CollectMode::kSerial) return TableAgreement::kNone;
  return c.experience == Experience::kAgents ? TableAgreement::kShared : TableAgreement::kPartition;
}

// What the steps are a multiple of.
std::uint64_t steps_at_once(const TabularConfiguration& c) {
  if (c.in_batches()) return static_cast<std::uint64_t>(c.batch);
  if (c.agreement != TableAgreement::kServer || c.schedule == Schedule::kFreeRunning) return 1;
  return static_cast<std::uint64_t>(c.workers) * static_cast<std::uint64_t>(c.local_updates);
}

void check_subsets(const TabularConfiguration& c) {
  const int actions = transition_table(c.environment).actions();
  const int subsets = c.setting.subsets;
  if (subsets < 1 || actions % subsets != 0) {
    throw UsageError(fmt::format("--subsets {} of the {} actions of {}: give a number that divides them", subsets,
                                 actions, c.environment));
  }
  if (subsets > 1 && c.setting.rule == TabularRule::kSarsa) {
    throw UsageError("--subsets with sarsa: it maximises over nothing; use q-learning");
  }
}

}  // namespace

void add_tabular_options(CLI::App& command, TabularOptions& options) {
  add_run_options(command, options);
  add_mode_options(command, options);
  add_rule_options(command, options);
  add_output_options(command, options);
  for (CLI::Option* option : command.get_options()) {
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
}

TabularConfiguration configure(const TabularOptions& options) {
  TabularConfiguration c = options.base;
  if (options.steps < 1 || options.steps > kMostSteps) {
    throw UsageError(fmt::format("--steps is {}: give a whole number from 1 to {}", options.steps, kMostSteps));
  }
  if (options.look_every < 1) {
    throw UsageError(fmt::format("--look-every is {}: give a whole number of at least 1", options.look_every));
  }
  c.setting.rule = options.algorithm == "sarsa" ? TabularRule::kSarsa : TabularRule::kQLearning;
  c.agreement = options.agreement.value_or(usual_agreement(c));
  c.schedule = options.schedule.value_or(usual_schedule(c.agreement));
  c.merge_rate = options.merge_rate.value_or(1.0 / std::max(1, c.workers));
  c.agents = c.experience == Experience::kAgents ? options.agents.value_or(c.workers) : 0;
  c.steps = static_cast<std::uint64_t>(options.steps);
  c.look_every = static_cast<std::uint64_t>(options.look_every);
  c.setting.walk.episode_limit = options.episode_limit.value_or(table_time_limit(c.environment));
  try {
    c.setting.step_size = parse_step_size(options.step_size);
    c.setting.epsilon = parse_epsilon(options.epsilon);
    c.step_cost = parse_step_cost(options.step_cost);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  validate(c);
  check_subsets(c);
  const std::uint64_t unit = steps_at_once(c);
  c.steps = (c.steps - 1) / unit * unit + unit;
  return c;
}

}  // namespace prl

#include "runner/train_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "envs/registry.hpp"
#include "runner/add_option.hpp"
#include "runner/cell_matrix.hpp"
#include "runner/option_values.hpp"
#include "runner/tabular/tabular_cells.hpp"

namespace prl {
namespace {

constexpr const char* kWhole = "N";
// Above it the number of steps so far would not fit its type in a run with warm-up rounds.
constexpr long kMostSteps = 1'000'000'000'000'000;
constexpr long kMostStepsOfRound = 1'000'000'000;
constexpr long kDefaultSteps = 100'000;
constexpr double kMostSlowness = 1000.0;

void add_run_options(CLI::App& command, TrainOptions& o) {
  RunConfiguration& c = o.base;
  command.get_help_ptr()->group("Run");
  command.option_defaults()->group("Run");
  add_value(command, "--config", o.config_file, "FILE",
            "TOML file with any of these options (gae_lambda = 0.9); the command line has the last word");
  add_value(command, "--algorithm", o.algorithm, "NAME", "learning rule (see prl list)");
  add_value(command, "--env", c.environment, "NAME", "environment (see prl list)");
  add_value(command, "--preset", c.preset, "NAME",
            "named settings of rule and network (see prl list) [the rule's first: d4 of ppo]");
  add_value(
      command, "--steps", o.steps, kWhole,
      "environment steps in total, rounded up to whole rounds; a round of whole episodes counts as the most steps "
      "that they can take [100000]");
  add_value(command, "--rounds", o.rounds, kWhole, "rounds in total, in place of --steps");
  add_value(command, "--steps-per-round", o.steps_per_round, kWhole,
            "steps between updates, all environments together [preset's: 2048]");
  add_value(command, "--warmup-rounds", c.warmup_rounds, kWhole,
            "rounds before the counted ones; they train, but pay no step cost and are not timed");
  add_value(command, "--seed", c.seed, kWhole, "seed of all random numbers")->check(seed_number());
  add_value(command, "--initial-policy", c.initial_policy, "FILE",
            "start with the parameters of a policy written by --save-policy [drawn from the seed]")
      ->check(file_name());
}

std::vector<std::pair<std::string, GossipTopology>> graphs() {
  std::vector<std::pair<std::string, GossipTopology>> by_name;
  for (const GossipTopology graph : kGossipTopologies) by_name.emplace_back(name_of(graph), graph);
  return by_name;
}

void add_mode_options(CLI::App& command, TrainOptions& o) {
  RunConfiguration& c = o.base;
  command.option_defaults()->group("Parallel mode");
  add_collect_option(command, c.collect, "where environments are stepped; mpi starts itself under mpirun [serial]");
  add_value(command, "--workers", c.workers, kWhole, "workers that collect; in lock-step worker 0 also learns");
  add_value(command, "--envs", c.environments, kWhole, "environments, shared out over the workers");
  add_choice<InferencePlace>(
      command, "--inference", c.inference,
      {{"workers", InferencePlace::kWorkers}, {"learner", InferencePlace::kLearner}},
      "where the policy acts: in the workers, or at the learner with a message each step [workers]");
  add_choice<Agreement>(command, "--agreement", c.agreement,
                        {{"none", Agreement::kNone},
                         {"all-reduce", Agreement::kAllReduce},
                         {"hogwild", Agreement::kHogwild},
                         {"server", Agreement::kServer},
                         {"gossip", Agreement::kGossip}},
                        "one central learner; gradients split over the workers and summed; each worker steps "
                        "parameters that all share, without locks (with --algorithm a2c and --schedule free-running: "
                        "A3C); or each learns by itself and meets the others at a parameter server, or its "
                        "neighbours in a graph [none]");
  add_value(command, "--agree-every", c.agree_every, kWhole,
            "rounds that workers learn by themselves between two meetings, with server or gossip; "
            "their own segments where they run freely");
  add_choice<GossipTopology>(command, "--graph", c.graph, graphs(),
                             "who meets whom with --agreement gossip; parameters are mixed, or on the directed "
                             "graphs exponential, one-peer and random-peer summed by push-sum; free-running workers "
                             "average with one neighbour at a time, on the others [ring]");
  add_value(command, "--server-shards", c.server_shards, kWhole,
            "workers that serve a range of the parameters each, with --agreement server in lock-step; "
            "ranks that do nothing else, free-running with --collect mpi");
  add_choice<ServerTakes>(command, "--server-takes", c.server_takes,
                          {{"parameters", ServerTakes::kParameters}, {"gradients", ServerTakes::kGradients}},
                          "what free-running workers send to the server: parameters, which it merges with its own, or "
                          "gradients, by which it steps them [parameters]");
  add_value(command, "--merge-rate", c.merge_rate, "X",
            "how far a merge takes the server's parameters towards a free-running worker's, up to 1 [1 / workers]");
  add_value(command, "--refresh-after-merge", c.refresh_after_merge, "true|false",
            "whether a free-running worker goes on from the merged parameters; false: from its own");
  add_choice<AllReduce>(command, "--all-reduce", c.all_reduce,
                        {{"direct", AllReduce::kDirect},
                         {"ring", AllReduce::kRing},
                         {"halving-doubling", AllReduce::kHalvingDoubling},
                         {"library", AllReduce::kLibrary}},
                        "how MPI ranks add gradients up: every rank to every rank at once, on a ring, by recursive "
                        "halving and doubling, or by the MPI library's collectives [direct]");
  add_value(command, "--codec", o.codec, "CODEC",
            "what gradients are encoded with before processes or MPI ranks send them to each other: none, fp16, bf16, "
            "int8, top-k:F, random-k:F (F the fraction of the values that is sent) or power-sgd:R (R a rank)");
  add_choice<AverageSharing>(command, "--averages", c.averages,
                             {{"shared", AverageSharing::kShared}, {"per-worker", AverageSharing::kPerWorker}},
                             "the optimiser's averages of gradients with --agreement hogwild [shared]");
  add_choice<Schedule>(command, "--schedule", c.schedule,
                       {{"lock-step", Schedule::kLockStep},
                        {"pipelined", Schedule::kPipelined},
                        {"free-running", Schedule::kFreeRunning}},
                       "all wait for each other every round; workers collect a round while the learner learns from "
                       "the one before; or workers act beside the learner, which takes their segments as they come "
                       "[lock-step]");
  add_value(command, "--queue-depth", c.queue_depth, kWhole, "segments that a free-running worker may be ahead");
  add_value(
      command, "--spawn-actors", c.spawn.actors, "true|false",
      "whether a free-running learner of --collect mpi starts its actors itself, each as an MPI job of its own, so "
      "that the run goes on when one dies, and another takes its place; they talk by TCP [false]");
  add_value(command, "--lag", c.lag, kWhole,
            "rounds by which the acting parameters are kept behind the learner's, in lock-step");
  add_value(command, "--publish-weights", c.publish_weights, "true|false",
            "whether the workers get the learner's new parameters; false: they act with the first ones for good");
  add_value(command, "--threads-per-worker", c.threads_per_worker, kWhole,
            "threads that divide a worker's environments, where workers are processes or MPI ranks");
  add_value(command, "--learner-threads", c.learner_threads, kWhole, "threads of the central learner");
  add_value(command, "--shards", o.shards, kWhole,
            "parts of each minibatch; runs agree bit by bit where they are equal [learner threads; workers with "
            "all-reduce]");
  add_value(command, "--step-cost", o.step_cost, "COST",
            "what a step costs beside its own time: none, busy:T (burns CPU time) or wait:T (blocks), with T like "
            "250us or 4.1ms; with :pareto:A or :lognormal:S after it T is the mean of costs that differ");
  add_value(command, "--reset-cost", o.reset_cost, "COST", "what a reset costs, like a step [none]");
  add_value(command, "--slow-worker", o.slow_worker, "I:K", "worker I pays K times these costs, like 1:4 [none]");
  add_value(command, "--grain", c.grain, kWhole,
            "environments that a thread takes at a time, from those that nobody has begun; 0: each has its own");
  add_choice<Balance>(command, "--balance", c.balance, {{"none", Balance::kNone}, {"speed", Balance::kSpeed}},
                      "whether environments move between rounds to workers that were measured to be faster; the bits "
                      "stay [none]");
  add_value(command, "--cut-stragglers", c.cut_stragglers, "X",
            "once this share of the workers has collected its round, the others stop with what they have, a quarter "
            "of their steps at least (DD-PPO: 0.6); 1: none is cut");
  add_value(command, "--cost-rounds", o.cost_rounds, "ROUNDS",
            "counted rounds that pay the step cost, like 1,50,100; the others cost nothing [all]");
}

void add_output_options(CLI::App& command, TrainOptions& o) {
  EvaluationSetting& evaluation = o.base.evaluation;
  command.option_defaults()->group("Evaluation and output");
  add_value(command, "--evaluate-every", evaluation.every_rounds, kWhole, "rounds between evaluations; 0 for none");
  add_value(command, "--evaluation-episodes", evaluation.episodes, kWhole, "episodes an evaluation");
  add_value(command, "--final-episodes", evaluation.final_episodes, kWhole,
            "episodes of the evaluation after the last round; 0 for none");
  add_value(command, "--solved-return", o.base.solved_return, "X",
            "record when the first training episode had a return above X");
  add_choice<EvaluationAction>(command, "--evaluation-action", evaluation.action,
                               {{"mean", EvaluationAction::kMean}, {"sampled", EvaluationAction::kSampled}},
                               "which action an evaluated policy takes [mean]");
  add_value(command, "--record", o.record, "FILE", "write the run record (JSON) here")->check(file_name());
  CheckpointSetting& checkpoint = o.base.checkpoint;
  add_value(command, "--checkpoint", checkpoint.file, "FILE", "keep the run here while it goes on")->check(file_name());
  add_value(command, "--checkpoint-every", checkpoint.every_rounds, kWhole,
            "rounds between checkpoints, warm-up rounds included; 0 for none");
  add_value(command, "--resume", checkpoint.resume, "FILE", "go on with the run that a checkpoint has kept")
      ->check(file_name());
  add_value(command, "--stop-after", checkpoint.stop_after, kWhole,
            "end after so many of the rounds, and write --checkpoint then too; 0 to run all");
  add_value(command, "--learner-from", checkpoint.learner_from, "FILE",
            "take over parameters and optimiser of this checkpoint; with it and --resume, rule options may be others")
      ->check(file_name());
  add_value(command, "--save-policy", o.save_policy, "FILE", "write the trained policy here")->check(file_name());
  add_choice<ProgressStyle>(
      command, "--progress", o.progress,
      {{"auto", ProgressStyle::kAuto}, {"plain", ProgressStyle::kPlain}, {"none", ProgressStyle::kNone}},
      "one rewritten line on a terminal (auto), plain lines, or nothing, the summary included [auto]");
}

RulePreset known_preset(std::string_view rule, const std::string& name, const std::string& environment) {
  std::vector<RulePreset> presets = presets_of(rule, environment);
  if (name.empty()) return std::move(presets.front());
  std::vector<std::string_view> names;
  for (RulePreset& preset : presets) {
    if (preset.name == name) return std::move(preset);
    names.push_back(preset.name);
  }
  throw UsageError(fmt::format("--preset '{}' is unknown: give one of {}", name, fmt::join(names, ", ")));
}

void require_length(const char* option, long value, long most) {
  if (value >= 1 && value <= most) return;
  throw UsageError(fmt::format("{} is {}: give a whole number from 1 to {}", option, value, most));
}

// Sets the steps of a round and the number of rounds.
void set_length(const TrainOptions& options, RulePreset preset, const EnvironmentInfo& info, RunConfiguration& c) {
  if (c.episodes_per_round() > 0 && options.steps_per_round) {
    throw UsageError(fmt::format(
        "--steps-per-round is no setting of {}, whose rounds are whole episodes: give --episodes", c.algorithm()));
  }
  preset.setting = c.rule;
  preset.steps_per_round = options.steps_per_round.value_or(preset.steps_per_round);
  if (preset.steps_per_round < 1) throw UsageError("--steps-per-round must be at least 1: give a positive number");
  const long steps = steps_per_round(preset, info);
  if (steps > kMostStepsOfRound) {
    throw UsageError(fmt::format("--episodes {} may take {} steps a round, more than {}: give fewer",
                                 c.episodes_per_round(), steps, kMostStepsOfRound));
  }
  c.steps_per_round = static_cast<int>(steps);
  if (options.steps && options.rounds) {
    throw UsageError("--steps and --rounds both say how long the run is: give one of them");
  }
  if (options.rounds) {
    require_length("--rounds", *options.rounds, kMostSteps / c.steps_per_round);
    c.rounds = *options.rounds;
  } else {
    const long all = options.steps.value_or(kDefaultSteps);
    require_length("--steps", all, kMostSteps);
    c.rounds = (all - 1) / c.steps_per_round + 1;
  }
}

// Reads I:K.
void set_slow_worker(const std::string& text, RunConfiguration& c) {
  const char* const end = text.data() + text.size();
  const auto [colon, error] = std::from_chars(text.data(), end, c.slow_worker);
  if (error == std::errc{} && c.slow_worker >= 0 && colon != end && *colon == ':') {
    const auto [last, factor_error] = std::from_chars(colon + 1, end, c.slow_factor);
    if (factor_error == std::errc{} && last == end && c.slow_factor >= 1.0 && c.slow_factor <= kMostSlowness) return;
  }
  throw UsageError(
      fmt::format("--slow-worker '{}' is not I:K: give a worker, counted from 0, and how many times slower it "
                  "is, from 1 to {}, like 1:4",
                  text, kMostSlowness));
}

}  // namespace

long steps_per_round(const RulePreset& preset, const EnvironmentInfo& environment) {
  const long episodes = needs_of(preset.setting).episodes;
  return episodes > 0 ? episodes * environment.time_limit : preset.steps_per_round;
}

const EnvironmentEntry& known_environment(const std::string& name) {
  const EnvironmentEntry* entry = find_environment(name);
  if (entry != nullptr) return *entry;
  std::vector<std::string_view> names;
  for (const EnvironmentEntry* known : environments()) names.push_back(known->info().name);
  throw UsageError(fmt::format("--env '{}' is unknown: give one of {}", name, fmt::join(names, ", ")));
}

void add_train_options(CLI::App& command, TrainOptions& options) {
  add_run_options(command, options);
  add_mode_options(command, options);
  add_rule_options(command, options.settings);
  add_output_options(command, options);
  for (CLI::Option* option : command.get_options()) {
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
}

RunConfiguration configure(const TrainOptions& options) {
  RunConfiguration c = options.base;
  auto names = rule_names();
  if (std::find(names.begin(), names.end(), options.algorithm) == names.end()) {
    const auto tabular = tabular_rule_names();
    names.insert(names.end(), tabular.begin(), tabular.end());
    throw UsageError(
        fmt::format("--algorithm '{}' is unknown: give one of {}", options.algorithm, fmt::join(names, ", ")));
  }
  const EnvironmentInfo info = known_environment(c.environment).info();
  const RulePreset preset = known_preset(options.algorithm, c.preset, c.environment);
  c.preset = preset.name;
  c.network = preset.network;
  c.network.observation_size = info.observation_size;
  c.network.head_size = info.head_size;
  c.network.action_kind = info.discrete ? ActionKind::kDiscrete : ActionKind::kContinuous;
  c.rule = preset.setting;
  apply_rule_options(options.settings, c);
  set_length(options, preset, info, c);
  const bool split = c.agreement == Agreement::kAllReduce;
  if (split && c.collect == CollectMode::kThreads) c.learner_threads = c.workers;
  c.shards = options.shards.value_or(split ? c.workers : c.learner_threads);
  try {
    c.step_cost = parse_step_cost(options.step_cost);
    c.codec = parse_codec(options.codec);
    c.reset_cost = parse_step_cost(options.reset_cost);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  if (c.checkpoint.stop_after > 0) c.checkpoint.stop_after_all = c.warmup_rounds + c.checkpoint.stop_after;
  if (options.slow_worker) set_slow_worker(*options.slow_worker, c);
  if (options.cost_rounds) c.cost_rounds = parse_rounds(*options.cost_rounds);
  validate(c);
  return c;
}

}  // namespace prl

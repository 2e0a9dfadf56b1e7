#include "runner/train_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "algorithms/ppo_presets.hpp"
#include "envs/registry.hpp"
#include "runner/cell_matrix.hpp"

namespace prl {
namespace {

// Binds an option to one of several names; an unknown name lists the known ones.
template <typename Value, typename Target>
CLI::Option* add_choice(CLI::App& command, const std::string& option, Target& target,
                        std::vector<std::pair<std::string, Value>> choices, const std::string& description) {
  std::vector<std::string> names;
  for (const auto& choice : choices) names.push_back(choice.first);
  const auto assign = [&target, choices, names, option](const CLI::results_t& results) {
    for (const auto& [name, value] : choices) {
      if (results.back() == name) {
        target = value;
        return true;
      }
    }
    throw UsageError(fmt::format("{} '{}' is unknown: give one of {}", option, results.back(), fmt::join(names, ", ")));
  };
  return command.add_option(option, assign, description)->type_name(fmt::format("{}", fmt::join(names, "|")));
}

void add_run_options(CLI::App& command, TrainOptions& o) {
  RunConfiguration& c = o.base;
  command.add_option("--config", o.config_file, "TOML file with any of these options (gae_lambda = 0.9)")
      ->type_name("FILE");
  command.add_option("--algorithm", c.algorithm, "learning rule (see prl list)")->capture_default_str();
  command.add_option("--env", c.environment, "environment (see prl list)")->capture_default_str();
  command.add_option("--preset", c.preset, "named settings of rule and network (see prl list)")->capture_default_str();
  command.add_option("--steps", o.steps, "environment steps in total, rounded up to whole rounds")
      ->capture_default_str();
  command.add_option("--steps-per-round", o.steps_per_round, "steps a round, all environments together [preset: 2048]");
  command
      .add_option("--warmup-rounds", c.warmup_rounds, "first rounds, which train but pay no step cost and do not count")
      ->capture_default_str();
  command.add_option("--seed", c.seed, "seed of all random numbers")->capture_default_str();
}

void add_mode_options(CLI::App& command, TrainOptions& o) {
  RunConfiguration& c = o.base;
  add_choice<CollectMode>(command, "--collect", c.collect,
                          {{"serial", CollectMode::kSerial},
                           {"threads", CollectMode::kThreads},
                           {"processes", CollectMode::kProcesses},
                           {"mpi", CollectMode::kMpi}},
                          "where environments are stepped; mpi starts itself under mpirun [serial]");
  command.add_option("--workers", c.workers, "workers that collect; worker 0 also learns")->capture_default_str();
  command.add_option("--envs", c.environments, "environments, shared out over the workers")->capture_default_str();
  add_choice<InferencePlace>(
      command, "--inference", c.inference,
      {{"workers", InferencePlace::kWorkers}, {"learner", InferencePlace::kLearner}},
      "where the policy acts: in the workers, or at the learner with a message each step [workers]");
  add_choice<Agreement>(command, "--agreement", c.agreement,
                        {{"none", Agreement::kNone}, {"all-reduce", Agreement::kAllReduce}},
                        "one central learner, or gradients split over the workers and summed [none]");
  command.add_option("--learner-threads", c.learner_threads, "threads of the central learner")->capture_default_str();
  command.add_option("--shards", o.shards, "parts of each minibatch [learner threads, or workers with all-reduce]");
  command
      .add_option("--step-cost", o.step_cost, "none, busy:T (burns CPU time) or wait:T (blocks), T like 250us or 4.1ms")
      ->capture_default_str();
}

void add_rule_options(CLI::App& command, TrainOptions& o) {
  const std::string group = "Rule and network (default: the preset's)";
  const auto add = [&](const char* name, auto& target, const char* description) {
    command.add_option(name, target, description)->group(group);
  };
  add("--learning-rate", o.learning_rate, "Adam's step size");
  add("--anneal-learning-rate", o.anneal_learning_rate, "decrease it linearly to 0 over the run");
  add("--gamma", o.gamma, "discount");
  add("--gae-lambda", o.gae_lambda, "lambda of generalised advantage estimation");
  add("--clip", o.clip, "PPO's clip range");
  add("--clip-value", o.clip_value, "clip the value function's change too");
  add("--epochs", o.epochs, "passes over a round's samples");
  add("--minibatch", o.minibatch, "samples a gradient step, all shards together");
  add("--entropy-coefficient", o.entropy_coefficient, "weight of the entropy bonus");
  add("--value-coefficient", o.value_coefficient, "weight of the value error");
  add("--max-gradient-norm", o.max_gradient_norm, "clip the gradient's norm to this; 0 for never");
  add("--adam-epsilon", o.adam_epsilon, "Adam's epsilon");
  add("--normalise-advantages", o.normalise_advantages, "to mean 0 and deviation 1 in each minibatch");
  command.add_option("--hidden", o.hidden, "widths of the hidden layers, e.g. 256,256")->delimiter(',')->group(group);
  add("--initial-log-std", o.initial_log_std, "log standard deviation of a Gaussian policy at the start");
  add_choice<Activation>(command, "--activation", o.activation,
                         {{"tanh", Activation::kTanh}, {"relu", Activation::kRelu}}, "of hidden layers")
      ->group(group);
  add_choice<bool>(command, "--trunk", o.shared_trunk, {{"shared", true}, {"separate", false}},
                   "whether policy and value share their hidden layers")
      ->group(group);
  add_choice<Backpropagation>(command, "--backpropagation", o.backpropagation,
                              {{"flat", Backpropagation::kFlat}, {"autograd", Backpropagation::kAutograd}},
                              "own kernels, or LibTorch's autograd")
      ->group(group);
}

void add_output_options(CLI::App& command, TrainOptions& o) {
  EvaluationSetting& evaluation = o.base.evaluation;
  const std::string group = "Evaluation and output";
  command.add_option("--evaluate-every", evaluation.every_rounds, "rounds between evaluations; 0 for none")
      ->group(group);
  command.add_option("--evaluation-episodes", evaluation.episodes, "episodes an evaluation")
      ->capture_default_str()
      ->group(group);
  command.add_option("--final-episodes", evaluation.final_episodes, "episodes after the last round; 0 for none")
      ->group(group);
  add_choice<EvaluationAction>(command, "--evaluation-action", evaluation.action,
                               {{"mean", EvaluationAction::kMean}, {"sampled", EvaluationAction::kSampled}},
                               "which action an evaluated policy takes [mean]")
      ->group(group);
  command.add_option("--record", o.record, "write the run record (JSON) here")->type_name("FILE")->group(group);
  command.add_option("--save-policy", o.save_policy, "write the trained policy here")->type_name("FILE")->group(group);
  add_choice<ProgressStyle>(
      command, "--progress", o.progress,
      {{"auto", ProgressStyle::kAuto}, {"plain", ProgressStyle::kPlain}, {"none", ProgressStyle::kNone}},
      "one rewritten line on a terminal (auto), plain lines, or nothing [auto]")
      ->group(group);
}

template <typename Value, typename Target>
void override_with(const std::optional<Value>& given, Target& target) {
  if (given) target = *given;
}

const EnvironmentEntry& known_environment(const std::string& name) {
  const EnvironmentEntry* entry = find_environment(name);
  if (entry != nullptr) return *entry;
  std::vector<std::string_view> names;
  for (const EnvironmentEntry* known : environments()) names.push_back(known->info().name);
  throw UsageError(fmt::format("--env '{}' is unknown: give one of {}", name, fmt::join(names, ", ")));
}

PpoPreset known_preset(const std::string& name, const std::string& environment) {
  std::vector<std::string_view> names;
  for (const PpoPreset& preset : ppo_presets(environment)) {
    if (preset.name == name) return preset;
    names.push_back(preset.name);
  }
  throw UsageError(fmt::format("--preset '{}' is unknown: give one of {}", name, fmt::join(names, ", ")));
}

void override_rule(const TrainOptions& o, RunConfiguration& c) {
  override_with(o.learning_rate, c.ppo.learning_rate);
  override_with(o.anneal_learning_rate, c.ppo.anneal_learning_rate);
  override_with(o.gamma, c.ppo.gamma);
  override_with(o.gae_lambda, c.ppo.gae_lambda);
  override_with(o.clip, c.ppo.loss.clip);
  override_with(o.clip_value, c.ppo.loss.clip_value);
  override_with(o.epochs, c.ppo.epochs);
  override_with(o.minibatch, c.ppo.minibatch);
  override_with(o.entropy_coefficient, c.ppo.loss.entropy_coefficient);
  override_with(o.value_coefficient, c.ppo.loss.value_coefficient);
  override_with(o.max_gradient_norm, c.ppo.max_gradient_norm);
  override_with(o.adam_epsilon, c.ppo.adam.epsilon);
  override_with(o.normalise_advantages, c.ppo.normalise_advantages);
  override_with(o.hidden, c.network.hidden);
  override_with(o.activation, c.network.activation);
  override_with(o.shared_trunk, c.network.shared_trunk);
  override_with(o.initial_log_std, c.network.initial_log_std);
  override_with(o.backpropagation, c.ppo.backpropagation);
}

}  // namespace

void add_train_options(CLI::App& command, TrainOptions& options) {
  add_run_options(command, options);
  add_mode_options(command, options);
  add_rule_options(command, options);
  add_output_options(command, options);
  for (CLI::Option* option : command.get_options()) {
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  command.get_option("--hidden")->multi_option_policy(CLI::MultiOptionPolicy::Throw);
}

RunConfiguration configure(const TrainOptions& options) {
  RunConfiguration c = options.base;
  const auto names = algorithm_names();
  if (std::find(names.begin(), names.end(), c.algorithm) == names.end()) {
    throw UsageError(fmt::format("--algorithm '{}' is unknown: give one of {}", c.algorithm, fmt::join(names, ", ")));
  }
  const EnvironmentInfo info = known_environment(c.environment).info();
  const PpoPreset preset = known_preset(c.preset, c.environment);
  c.network = preset.network;
  c.network.observation_size = info.observation_size;
  c.network.head_size = info.head_size;
  c.network.action_kind = info.discrete ? ActionKind::kDiscrete : ActionKind::kContinuous;
  c.ppo = preset.setting;
  override_rule(options, c);
  c.steps_per_round = options.steps_per_round.value_or(preset.steps_per_round);
  if (c.steps_per_round < 1) throw UsageError("--steps-per-round must be at least 1: give a positive number");
  if (options.steps < 1) throw UsageError(fmt::format("--steps is {}: give a number of at least 1", options.steps));
  c.rounds = (options.steps + c.steps_per_round - 1) / c.steps_per_round;
  const bool split = c.agreement == Agreement::kAllReduce;
  if (split && c.collect == CollectMode::kThreads) c.learner_threads = c.workers;
  c.shards = options.shards.value_or(split ? c.workers : c.learner_threads);
  try {
    c.step_cost = parse_step_cost(options.step_cost);
    NetworkLayout{c.network};
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  validate(c);
  return c;
}

}  // namespace prl

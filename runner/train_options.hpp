// The options of `prl train`: what can be given on the command line or in a TOML file, and the configuration they make.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "envs/registry.hpp"
#include "runner/progress.hpp"
#include "runner/rule_options.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

// As given. An empty optional leaves the preset's value.
struct TrainOptions {
  RunConfiguration base;  // names, counts, evaluation; presets are not applied yet
  std::string algorithm = "ppo";
  std::optional<long> steps;
  std::optional<long> rounds;
  std::optional<int> steps_per_round;
  std::optional<int> shards;
  std::string codec = "none";
  std::string step_cost = "none";
  std::string reset_cost = "none";
  std::optional<std::string> slow_worker;
  std::optional<std::string> cost_rounds;

  GivenSettings settings;

  std::string config_file;
  std::filesystem::path record;
  std::filesystem::path save_policy;
  ProgressStyle progress = ProgressStyle::kAuto;
};

// Of all environments together; of whole episodes, the most that they can take.
long steps_per_round(const RulePreset& preset, const EnvironmentInfo& environment);

// Adds the options to `command`; values land in `options`, which must outlive it.
void add_train_options(CLI::App& command, TrainOptions& options);

// The environment of that name; throws UsageError with the names that there are.
const EnvironmentEntry& known_environment(const std::string& name);

// Applies the preset, then what was given, and validates. Throws UsageError.
RunConfiguration configure(const TrainOptions& options);

}  // namespace prl

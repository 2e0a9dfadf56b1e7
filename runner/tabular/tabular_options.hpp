// The options of `prl train` with a tabular rule, and the configuration they make.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "runner/progress.hpp"
#include "runner/tabular/tabular_configuration.hpp"

namespace prl {

// As given. An empty optional leaves the environment's or the combination's own value.
struct TabularOptions {
  TabularConfiguration base;
  std::string algorithm = "q-learning";
  long steps = 100000;
  long look_every = 10000;
  std::optional<TableAgreement> agreement;
  std::optional<Schedule> schedule;
  std::optional<double> merge_rate;
  std::optional<int> agents;
  std::optional<int> episode_limit;
  std::string step_size = "power:0.8";
  std::string epsilon = "constant:0.1";
  std::string step_cost = "none";

  std::string config_file;
  std::filesystem::path record;
  ProgressStyle progress = ProgressStyle::kAuto;
};

// Adds the options to `command`; values land in `options`, which must outlive it.
void add_tabular_options(CLI::App& command, TabularOptions& options);

// Puts together what was given and validates. Throws UsageError.
TabularConfiguration configure(const TabularOptions& options);

}  // namespace prl

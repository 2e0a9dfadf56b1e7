// prl: runs one cell of the matrix (rule x collection x agreement), evaluates a policy, or lists what there is.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "runner/commands.hpp"
#include "runner/config_file.hpp"
#include "runner/interrupt.hpp"
#include "runner/run_configuration.hpp"

namespace prl {
namespace {

struct CommandLine {
  CLI::App app{
      "Parallel reinforcement learning: one learning rule, run in any parallel mode and measured.\n"
      "Example: prl train --env Pendulum-v1 --preset d4 --collect processes --workers 4 --record run.json"};
  TrainOptions train_options;
  EvaluateOptions evaluate_options;
  ListOptions list_options;
  CLI::App* train = app.add_subcommand("train", "Train a policy in one cell of the matrix and record what it cost");
  CLI::App* evaluate = app.add_subcommand("evaluate", "Mean return of a saved policy");
  CLI::App* list = app.add_subcommand("list", "Environments, presets and the cells of the matrix");

  CommandLine() {
    app.require_subcommand(1);
    // One-word options of a subcommand may follow it only, so that a config file's options can be put in between.
    add_train_options(*train, train_options);
    evaluate->add_option("--policy", evaluate_options.policy, "file written by prl train --save-policy")
        ->required()
        ->type_name("FILE");
    evaluate->add_option("--env", evaluate_options.environment, "environment [the policy's own]");
    evaluate->add_option("--episodes", evaluate_options.episodes, "episodes, one an environment")
        ->capture_default_str();
    evaluate->add_option("--seed", evaluate_options.seed, "seed of start states and samples")->capture_default_str();
    evaluate->add_flag_callback(
        "--sampled", [this] { evaluate_options.action = EvaluationAction::kSampled; },
        "sample actions instead of taking the distribution's mode");
    evaluate->add_option("--record", evaluate_options.record, "write returns and mean (JSON) here")->type_name("FILE");
    list->add_flag("--json", list_options.json, "as JSON, with build and machine");
  }
};

// Puts the options of a --config file before those of the command line, so that the latter have the last word.
std::vector<std::string> with_config_file(const std::vector<std::string>& arguments) {
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    std::string path;
    if (arguments[i] == "--config" && i + 1 < arguments.size()) path = arguments[i + 1];
    if (arguments[i].rfind("--config=", 0) == 0) path = arguments[i].substr(9);
    if (path.empty()) continue;
    std::vector<std::string> all = {arguments.front()};
    const auto options = options_from_toml(path);
    all.insert(all.end(), options.begin(), options.end());
    all.insert(all.end(), arguments.begin() + 1, arguments.end());
    return all;
  }
  return arguments;
}

int run(const std::vector<std::string>& arguments) {
  CommandLine line;
  std::vector<std::string> words = with_config_file(arguments);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back.
  try {
    line.app.parse(words);
  } catch (const CLI::CallForHelp& help) {
    return line.app.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return line.app.exit(help);
  } catch (const CLI::ParseError& error) {
    throw UsageError(
        fmt::format("{}; see prl {}--help", error.what(), arguments.empty() ? "" : arguments.front() + " "));
  }
  handle_interrupts();
  if (line.train->parsed()) return run_train(line.train_options, arguments);
  if (line.evaluate->parsed()) return run_evaluate(line.evaluate_options);
  return run_list(line.list_options);
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  try {
    return prl::run({argv + 1, argv + argc});
  } catch (const prl::UsageError& error) {
    fmt::print(stderr, "prl: {}\n", error.what());
    return prl::kExitUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "prl: {}\n", error.what());
    return prl::kExitFailed;
  }
}

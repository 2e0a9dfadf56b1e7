// prl: runs one cell of the matrix (rule x collection x agreement), evaluates a policy, or lists what there is.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "runner/commands.hpp"
#include "runner/config_file.hpp"
#include "runner/help_format.hpp"
#include "runner/interrupt.hpp"
#include "runner/mpi_launch.hpp"
#include "runner/option_values.hpp"
#include "runner/run_configuration.hpp"

namespace prl {
namespace {

struct CommandLine {
  CLI::App app{"Parallel reinforcement learning: a learning rule in any parallel mode, measured.", "prl"};
  TrainOptions train_options;
  EvaluateOptions evaluate_options;
  ListOptions list_options;
  CLI::App* train = nullptr;
  CLI::App* evaluate = nullptr;
  CLI::App* list = nullptr;

  CommandLine() {
    app.require_subcommand(1);
    app.formatter(std::make_shared<HelpFormat>());  // inherited by the commands that are added after it
    train = app.add_subcommand("train", "Train a policy in one cell of the matrix and record what it cost.");
    evaluate = app.add_subcommand("evaluate", "Mean return of a saved policy.");
    list = app.add_subcommand("list", "Environments, presets and the cells of the matrix.");
    app.footer(
        "prl COMMAND --help has each command's options.\n"
        "Exit status: 0; 1 the run failed; 2 bad input; 130 after Ctrl-C.");
    add_train_options(*train, train_options);
    train->footer(
        "Examples:\n"
        "  prl train --env Pendulum-v1 --preset tuned --steps 200000 --evaluate-every 10\n"
        "  prl train --collect processes --workers 4 --record run.json\n"
        "  prl train --collect mpi --workers 4 --agreement all-reduce --envs 16\n"
        "Ctrl-C ends a run after its last whole round and keeps its record.");
    add_evaluate_options();
    list->add_flag("--json", list_options.json, "as JSON, with build and machine");
  }

  void add_evaluate_options() {
    EvaluateOptions& o = evaluate_options;
    evaluate->add_option("--policy", o.policy, "file written by prl train --save-policy")
        ->required()
        ->type_name("FILE")
        ->check(file_name());
    evaluate->add_option("--env", o.environment, "environment [the policy's own]")->type_name("NAME");
    evaluate->add_option("--episodes", o.episodes, "episodes, one an environment")
        ->type_name("N")
        ->capture_default_str();
    evaluate->add_option("--seed", o.seed, "seed of start states and samples")
        ->type_name("N")
        ->check(seed_number())
        ->capture_default_str();
    evaluate->add_flag_callback(
        "--sampled", [&o] { o.action = EvaluationAction::kSampled; },
        "sample actions instead of taking the distribution's mode");
    evaluate->add_option("--record", o.record, "write returns and mean (JSON) here")
        ->type_name("FILE")
        ->check(file_name());
  }
};

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) names.push_back(option->get_name());
  std::sort(names.begin(), names.end());
  return names;
}

// The command that the first word names.
const CLI::App& command_of(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!arguments.empty() && command->get_name() == arguments.front()) return *command;
    names.push_back(command->get_name());
  }
  const std::string what = arguments.empty() ? "no command" : fmt::format("'{}' is no command", arguments.front());
  throw UsageError(fmt::format("{}: give one of {}; see prl --help", what, fmt::join(names, ", ")));
}

// Puts the options of --config files before those of the command line, so that the latter have the last word.
std::vector<std::string> with_config_files(const CLI::App& command, const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {arguments.front()};
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    std::string path;
    if (arguments[i] == "--config" && i + 1 < arguments.size()) path = arguments[i + 1];
    if (arguments[i].rfind("--config=", 0) == 0) path = arguments[i].substr(9);
    if (path.empty()) continue;
    const auto options = options_from_toml(path, option_names(command));
    words.insert(words.end(), options.begin(), options.end());
  }
  words.insert(words.end(), arguments.begin() + 1, arguments.end());
  return words;
}

// A type of --help in words.
std::string expected_value(const std::string& type) {
  if (type == "N") return "a whole number that is not too large";
  if (type == "X") return "a number";
  return type;
}

// CLI11's errors as one line that says what was expected.
std::string explain(const CLI::ParseError& error, const CLI::App& command) {
  const std::string what = error.what();
  const std::string name = command.get_name();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !command.remaining(true).empty()) {
    const std::string word = command.remaining(true).front();
    return fmt::format("prl {} has no option '{}': give some of {}", name, word.substr(0, word.find('=')),
                       fmt::join(option_names(command), ", "));
  }
  for (const CLI::Option* option : command.get_options()) {
    const std::string begin = fmt::format("Could not convert: {} = ", option->get_name());
    if (what.rfind(begin, 0) == 0) {
      return fmt::format("{} cannot be '{}': give {}", option->get_name(), what.substr(begin.size()),
                         expected_value(option->get_type_name()));
    }
  }
  return fmt::format("{}; see prl {} --help", what, name);
}

int run(const std::vector<std::string>& arguments) {
  CommandLine line;
  const bool asks_for_help = !arguments.empty() && (arguments.front() == "-h" || arguments.front() == "--help");
  std::vector<std::string> words = arguments;
  const CLI::App& command = asks_for_help ? line.app : command_of(line.app, arguments);
  if (!asks_for_help) words = with_config_files(command, arguments);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back.
  try {
    line.app.parse(words);
  } catch (const CLI::CallForHelp& help) {
    return line.app.exit(help);
  } catch (const CLI::ParseError& error) {
    throw UsageError(explain(error, command));
  }
  handle_interrupts();
  if (line.train->parsed()) return run_train(line.train_options, arguments);
  if (line.evaluate->parsed()) return run_evaluate(line.evaluate_options);
  return run_list(line.list_options);
}

// What was printed may only now meet a full disk.
void flush_output() {
  if (std::fflush(stdout) != 0) {
    throw std::runtime_error(
        fmt::format("cannot write to standard output: {}; make room, or send it elsewhere", std::strerror(errno)));
  }
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  try {
    const int status = prl::run({argv + 1, argv + argc});
    prl::flush_output();
    return status;
  } catch (const prl::UsageError& error) {
    // All ranks of a launcher's job have the same command line: one of them says what is wrong with it.
    if (prl::launched_rank() == 0) fmt::print(stderr, "prl: {}\n", error.what());
    return prl::kExitUsage;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr,
               "prl: memory ran out: give fewer environments, steps a round or workers, or a smaller network\n");
    return prl::kExitFailed;
  } catch (const std::exception& error) {
    fmt::print(stderr, "prl: {}\n", error.what());
    return prl::kExitFailed;
  }
}

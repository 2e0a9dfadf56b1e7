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
#include "runner/tabular/tabular_cells.hpp"
#include "runner/tabular/tabular_command.hpp"
#include "runner/tune/tune_options.hpp"

namespace prl {
namespace {

constexpr const char* kTrainExamples =
    "Examples:\n"
    "  prl train --env Pendulum-v1 --preset tuned --steps 200000 --evaluate-every 10\n"
    "  prl train --collect processes --workers 4 --record run.json\n"
    "  prl train --collect mpi --workers 4 --agreement all-reduce --envs 16\n"
    "  prl train --algorithm a2c --env CartPole-v1 --collect threads --workers 2 \\\n"
    "            --schedule free-running --agreement hogwild   (A3C; see prl list)\n"
    "  prl train --algorithm q-learning --help     tabular rules: other options\n"
    "Ctrl-C ends a run after its last whole round and keeps its record.";

constexpr const char* kTabularExamples =
    "Examples:\n"
    "  prl train --algorithm sarsa --env CliffWalking-v1 --epsilon constant:0.2\n"
    "  prl train --algorithm q-learning --env Taxi-v4 --collect threads --workers 2\n"
    "  prl train --algorithm q-learning --env RandomMdp-S64-A8 --experience model\n"
    "Ctrl-C ends a run and keeps its record.";

constexpr const char* kTuneExamples =
    "Examples:\n"
    "  prl tune --study study.toml --trials 16 --workers 2 --output found\n"
    "  prl tune --study study.toml --trials 27 --search asha --output found\n"
    "  prl tune --study study.toml --trials 8 --search pbt --place mpi --workers 4 \\\n"
    "           --output found\n"
    "Ctrl-C ends a study and keeps its finished trials; --resume goes on.\n"
    "docs/tuning.md has the file's form.";

struct CommandLine {
  CLI::App app{"Parallel reinforcement learning: a learning rule in any parallel mode, measured.", "prl"};
  TrainOptions train_options;
  TabularOptions tabular_options;
  TuneOptions tune_options;
  EvaluateOptions evaluate_options;
  ListOptions list_options;
  CLI::App* train = nullptr;
  CLI::App* tune = nullptr;
  CLI::App* evaluate = nullptr;
  CLI::App* list = nullptr;

  // Tabular rules have options of their own, which then are those of `train`.
  explicit CommandLine(bool tabular) {
    app.require_subcommand(1);
    app.formatter(std::make_shared<HelpFormat>());  // inherited by the commands that are added after it
    train = app.add_subcommand("train", "Train a policy in one cell of the matrix and record what it cost.");
    tune = app.add_subcommand("tune", "Search for good settings: many training runs side by side.");
    evaluate = app.add_subcommand("evaluate", "Mean return of saved policies.");
    list = app.add_subcommand("list", "Environments, presets and the cells of the matrix.");
    app.footer(
        "prl COMMAND --help has each command's options.\n"
        "Exit status: 0; 1 the run failed; 2 bad input; 130 after Ctrl-C.");
    if (tabular) {
      add_tabular_options(*train, tabular_options);
    } else {
      add_train_options(*train, train_options);
    }
    train->footer(tabular ? kTabularExamples : kTrainExamples);
    add_tune_options(*tune, tune_options);
    tune->footer(kTuneExamples);
    add_evaluate_options();
    list->add_flag("--json", list_options.json, "as JSON, with build and machine");
  }

  void add_evaluate_options() {
    EvaluateOptions& o = evaluate_options;
    evaluate->add_option("--policy,policies", o.policies, "files written by prl train --save-policy")
        ->required()
        ->type_name("FILE")
        ->check(file_name());
    evaluate->add_option("--workers", o.workers, "threads that the episodes are shared out over")
        ->type_name("N")
        ->capture_default_str();
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
    evaluate->add_option("--record", o.record, "write returns and means (JSON) here")
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

// The last value of `option` among `words`; empty if it is not given.
std::string last_value(const std::vector<std::string>& words, const std::string& option) {
  std::string value;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == option && i + 1 < words.size()) value = words[i + 1];
    if (words[i].rfind(option + "=", 0) == 0) value = words[i].substr(option.size() + 1);
  }
  return value;
}

// Whether `prl train` is asked for with a tabular rule, by the command line or else by its file.
bool asks_for_table(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front() != "train") return false;
  std::string algorithm = last_value(arguments, "--algorithm");
  const std::string file = last_value(arguments, "--config");
  if (algorithm.empty() && !file.empty()) algorithm = text_from_toml(file, "algorithm");
  const auto names = tabular_rule_names();
  return std::find(names.begin(), names.end(), algorithm) != names.end();
}

int run(std::vector<std::string> arguments) {
  std::string place;
  if (arguments.size() > 2 && arguments.front() == kActorCommand) {
    place = arguments[1];
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  const bool tabular = asks_for_table(arguments);
  CommandLine line(tabular);
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
  line.train_options.base.spawn.place = place;
  handle_interrupts();
  if (tabular && line.train->parsed()) return run_train_tabular(line.tabular_options, arguments);
  if (line.train->parsed()) return run_train(line.train_options, arguments);
  if (line.tune->parsed()) return run_tune(line.tune_options, arguments);
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

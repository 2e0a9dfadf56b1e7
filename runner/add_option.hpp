// How options are added to a command, so that help and errors read alike.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "runner/run_configuration.hpp"

namespace prl {

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

// An option with a plain value: `type` is what --help calls it. Shows the target's value as the default.
template <typename Target>
CLI::Option* add_value(CLI::App& command, const char* option, Target& target, const char* type,
                       const std::string& description) {
  return command.add_option(option, target, description)->type_name(type)->capture_default_str();
}

inline CLI::Option* add_collect_option(CLI::App& command, CollectMode& mode, const std::string& description) {
  return add_choice<CollectMode>(command, "--collect", mode,
                                 {{"serial", CollectMode::kSerial},
                                  {"threads", CollectMode::kThreads},
                                  {"processes", CollectMode::kProcesses},
                                  {"mpi", CollectMode::kMpi}},
                                 description);
}

}  // namespace prl

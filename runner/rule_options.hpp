// The options of rules and networks, one for every setting that any of them has (algorithms/setting_field.hpp).
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "runner/run_configuration.hpp"

namespace prl {

// What was given of a setting; empty leaves the preset's value. Lists and choices come as text.
using GivenSetting =
    std::variant<std::optional<float>, std::optional<int>, std::optional<bool>, std::optional<std::string>>;
// By the setting's name.
using GivenSettings = std::map<std::string, GivenSetting, std::less<>>;

// Adds the options to `command`; values land in `given`, which must outlive it.
void add_rule_options(CLI::App& command, GivenSettings& given);

// Puts what was given into the configuration's rule and network. Throws UsageError for a setting that the rule does not
// have and for an unknown choice.
void apply_rule_options(const GivenSettings& given, RunConfiguration& configuration);

// --learning-rate for learning_rate.
std::string option_name(std::string_view setting);

}  // namespace prl

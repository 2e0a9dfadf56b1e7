#include "runner/rule_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "algorithms/network_setting.hpp"
#include "runner/option_values.hpp"

namespace prl {
namespace {

// A setting of some rules, as --help shows it.
struct ListedSetting {
  SettingField field;
  std::vector<std::string_view> rules;
};

// The settings of all rules, each name once, in the order of the rules.
std::vector<ListedSetting> listed_settings(std::vector<RuleSetting>& rules) {
  std::vector<ListedSetting> listed;
  for (RuleSetting& rule : rules) {
    for (const SettingField& field : fields_of(rule)) {
      const auto same = std::find_if(listed.begin(), listed.end(),
                                     [&](const ListedSetting& other) { return other.field.name == field.name; });
      if (same == listed.end()) {
        listed.push_back({field, {name_of(rule)}});
      } else {
        same->rules.push_back(name_of(rule));
      }
    }
  }
  return listed;
}

// Adds the option of one setting; the description says which rules have it where not all do.
void add_option(CLI::App& command, const SettingField& field, const std::string& description, GivenSettings& given) {
  GivenSetting& target = given[std::string(field.name)];
  const auto add = [&](auto empty, const std::string& type) {
    command.add_option(option_name(field.name), target.emplace<decltype(empty)>(), description)->type_name(type);
  };
  if (std::holds_alternative<float*>(field.value)) {
    add(std::optional<float>(), "X");
  } else if (std::holds_alternative<int*>(field.value)) {
    add(std::optional<int>(), "N");
  } else if (std::holds_alternative<bool*>(field.value)) {
    add(std::optional<bool>(), "true|false");
  } else if (std::holds_alternative<std::vector<int>*>(field.value)) {
    add(std::optional<std::string>(), "WIDTHS");
  } else {
    add(std::optional<std::string>(), fmt::format("{}", fmt::join(std::get<ChoiceField>(field.value).names, "|")));
  }
}

void choose(const SettingField& field, const std::string& name) {
  const auto& choice = std::get<ChoiceField>(field.value);
  const auto found = std::find(choice.names.begin(), choice.names.end(), name);
  if (found == choice.names.end()) {
    throw UsageError(fmt::format("{} '{}' is unknown: give one of {}", option_name(field.name), name,
                                 fmt::join(choice.names, ", ")));
  }
  choice.choose(static_cast<std::size_t>(found - choice.names.begin()));
}

bool is_given(const GivenSetting& given) {
  return std::visit([](const auto& value) { return value.has_value(); }, given);
}

void assign(const SettingField& field, const GivenSetting& given) {
  if (auto* const* number = std::get_if<float*>(&field.value)) {
    **number = *std::get<std::optional<float>>(given);
  } else if (auto* const* count = std::get_if<int*>(&field.value)) {
    **count = *std::get<std::optional<int>>(given);
  } else if (auto* const* truth = std::get_if<bool*>(&field.value)) {
    **truth = *std::get<std::optional<bool>>(given);
  } else if (auto* const* widths = std::get_if<std::vector<int>*>(&field.value)) {
    **widths = parse_widths(*std::get<std::optional<std::string>>(given));
  } else {
    choose(field, *std::get<std::optional<std::string>>(given));
  }
}

}  // namespace

std::string option_name(std::string_view setting) {
  std::string option = fmt::format("--{}", setting);
  std::replace(option.begin(), option.end(), '_', '-');
  return option;
}

void add_rule_options(CLI::App& command, GivenSettings& given) {
  command.option_defaults()->group("Rule and network (default: the preset's)");
  std::vector<RuleSetting> rules;
  for (const std::string_view name : rule_names()) rules.push_back(default_setting(name));
  for (const ListedSetting& setting : listed_settings(rules)) {
    const bool all = setting.rules.size() == rules.size();
    const std::string description(setting.field.description);
    add_option(command, setting.field,
               all ? description : fmt::format("{} ({})", description, fmt::join(setting.rules, ", ")), given);
  }
  NetworkSpec network;
  for (const SettingField& field : fields_of(network))
    add_option(command, field, std::string(field.description), given);
}

void apply_rule_options(const GivenSettings& given, RunConfiguration& c) {
  std::vector<SettingField> fields = fields_of(c.rule);
  const std::vector<SettingField> of_network = fields_of(c.network);
  fields.insert(fields.end(), of_network.begin(), of_network.end());
  for (const auto& [name, value] : given) {
    if (!is_given(value)) continue;
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&name = name](const SettingField& candidate) { return candidate.name == name; });
    if (field == fields.end()) {
      std::vector<std::string> known;
      for (const SettingField& candidate : fields) known.push_back(option_name(candidate.name));
      throw UsageError(fmt::format("{} is no setting of {}: give some of {}", option_name(name), c.algorithm(),
                                   fmt::join(known, ", ")));
    }
    assign(*field, value);
  }
}

}  // namespace prl

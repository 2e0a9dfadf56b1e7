#include "benchmarks/preset_network.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "algorithms/initialisation.hpp"

namespace prl {
namespace {

const EnvironmentEntry& known_environment(std::string_view name) {
  const EnvironmentEntry* entry = find_environment(name);
  if (entry == nullptr) throw std::invalid_argument("there is no environment '" + std::string(name) + "'");
  return *entry;
}

RulePreset known_preset(std::string_view name, std::string_view environment, std::string_view rule) {
  for (RulePreset& preset : presets_of(rule, environment)) {
    if (preset.name == name) return std::move(preset);
  }
  throw std::invalid_argument("there is no preset '" + std::string(name) + "'");
}

}  // namespace

RulePreset preset_for(std::string_view preset_name, std::string_view environment_name, std::string_view rule) {
  const EnvironmentInfo info = known_environment(environment_name).info();
  RulePreset preset = known_preset(preset_name, environment_name, rule);
  preset.network.observation_size = info.observation_size;
  preset.network.head_size = info.head_size;
  preset.network.action_kind = info.discrete ? ActionKind::kDiscrete : ActionKind::kContinuous;
  return preset;
}

PresetNetwork make_preset_network(std::string_view preset_name, std::string_view environment_name, std::uint64_t seed,
                                  std::string_view rule) {
  RulePreset preset = preset_for(preset_name, environment_name, rule);
  NetworkLayout layout(preset.network);
  AlignedBuffer<float> parameters(layout.parameter_count);
  initialise_parameters(layout, seed, parameters.span());
  return {std::move(preset), &known_environment(environment_name), std::move(layout), std::move(parameters)};
}

}  // namespace prl

// A preset's network for an environment, with initial parameters: what the benchmarks of inference and learning share.
#pragma once

#include <cstdint>
#include <string_view>

#include "algorithms/rules.hpp"
#include "core/aligned_buffer.hpp"
#include "core/network_layout.hpp"
#include "envs/registry.hpp"

namespace prl {

// A preset with the sizes of the environment's observations and actions filled in. Throws std::invalid_argument for
// names that do not exist.
RulePreset preset_for(std::string_view preset, std::string_view environment, std::string_view rule = "ppo");

struct PresetNetwork {
  RulePreset preset;
  const EnvironmentEntry* environment;
  NetworkLayout layout;
  AlignedBuffer<float> parameters;
};

PresetNetwork make_preset_network(std::string_view preset, std::string_view environment, std::uint64_t seed,
                                  std::string_view rule = "ppo");

}  // namespace prl

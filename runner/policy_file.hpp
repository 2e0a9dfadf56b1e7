// A trained policy on disk: one line of JSON that describes the network, then its flat parameters as little-endian
// 32-bit floats.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/network_layout.hpp"

namespace prl {

struct Policy {
  std::string environment;
  NetworkSpec network;
  std::vector<float> parameters;  // NetworkLayout(network).parameter_count floats
  bool action_values = false;     // what the network's head gives: these, or a distribution of actions
};

// Written whole or not at all; throws std::runtime_error.
void save_policy(const std::filesystem::path& path, const Policy& policy);

// Throws UsageError for files that cannot be read, are not a policy of this format, or have another length than they say.
Policy load_policy(const std::filesystem::path& path);

}  // namespace prl

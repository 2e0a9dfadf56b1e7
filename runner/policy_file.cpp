#include "runner/policy_file.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runner/atomic_file.hpp"
#include "runner/run_configuration.hpp"

namespace prl {
namespace {

static_assert(std::endian::native == std::endian::little, "policy files are little-endian");

constexpr const char* kFormat = "prl-policy-1";

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw UsageError(fmt::format("{} {}: give a file that 'prl train --save-policy' wrote", path.string(), why));
}

NetworkSpec network_from(const nlohmann::json& json) {
  NetworkSpec network;
  network.observation_size = json.at("observation_size").get<int>();
  network.head_size = json.at("head_size").get<int>();
  network.action_kind = json.at("discrete").get<bool>() ? ActionKind::kDiscrete : ActionKind::kContinuous;
  network.hidden = json.at("hidden").get<std::vector<int>>();
  network.shared_trunk = json.at("trunk").get<std::string>() == "shared";
  network.activation = json.at("activation").get<std::string>() == "relu" ? Activation::kRelu : Activation::kTanh;
  return network;
}

}  // namespace

void save_policy(const std::filesystem::path& path, const Policy& policy) {
  const NetworkSpec& network = policy.network;
  const nlohmann::ordered_json header = {{"format", kFormat},
                                         {"environment", policy.environment},
                                         {"observation_size", network.observation_size},
                                         {"head_size", network.head_size},
                                         {"discrete", network.action_kind == ActionKind::kDiscrete},
                                         {"hidden", network.hidden},
                                         {"trunk", network.shared_trunk ? "shared" : "separate"},
                                         {"activation", network.activation == Activation::kTanh ? "tanh" : "relu"},
                                         {"parameters", policy.parameters.size()}};
  std::string content = header.dump() + "\n";
  const std::size_t text = content.size();
  content.resize(text + policy.parameters.size() * sizeof(float));
  std::memcpy(content.data() + text, policy.parameters.data(), policy.parameters.size() * sizeof(float));
  write_file_atomically(path, content);
}

Policy load_policy(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  if (!file || !std::getline(file, line)) refuse(path, "cannot be read");
  Policy policy;
  std::size_t count = 0;
  try {
    const nlohmann::json header = nlohmann::json::parse(line);
    if (header.at("format") != kFormat) refuse(path, "is no policy of this format");
    policy.environment = header.at("environment").get<std::string>();
    policy.network = network_from(header);
    count = header.at("parameters").get<std::size_t>();
  } catch (const nlohmann::json::exception&) {
    refuse(path, "is no policy file");
  }
  if (count != NetworkLayout(policy.network).parameter_count) refuse(path, "contradicts itself about its size");
  policy.parameters.resize(count);
  const auto bytes = static_cast<std::streamsize>(count * sizeof(float));
  file.read(reinterpret_cast<char*>(policy.parameters.data()), bytes);
  if (file.gcount() != bytes) refuse(path, "is cut short");
  return policy;
}

}  // namespace prl

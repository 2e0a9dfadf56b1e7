#include "runner/policy_file.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "runner/atomic_file.hpp"
#include "runner/run_configuration.hpp"

namespace prl {
namespace {

static_assert(std::endian::native == std::endian::little, "policy files are little-endian");

constexpr const char* kFormat = "prl-policy-1";
constexpr std::size_t kLongestHeader = 65536;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw UsageError(fmt::format("{} {}: give a file that 'prl train --save-policy' wrote", path.string(), why));
}

NetworkSpec network_from(const nlohmann::json& json) {
  NetworkSpec network;
  network.observation_size = json.at("observation_size").get<int>();
  network.head_size = json.at("head_size").get<int>();
  network.action_kind = json.at("discrete").get<bool>() ? ActionKind::kDiscrete : ActionKind::kContinuous;
  network.hidden = json.at("hidden").get<std::vector<int>>();
  const auto trunk = json.at("trunk").get<std::string>();
  const auto activation = json.at("activation").get<std::string>();
  if ((trunk != "shared" && trunk != "separate") || (activation != "tanh" && activation != "relu")) {
    throw std::invalid_argument("an unknown kind of network");
  }
  network.shared_trunk = trunk == "shared";
  network.activation = activation == "relu" ? Activation::kRelu : Activation::kTanh;
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
                                         {"action_values", policy.action_values},
                                         {"parameters", policy.parameters.size()}};
  std::string content = header.dump() + "\n";
  const std::size_t text = content.size();
  content.resize(text + policy.parameters.size() * sizeof(float));
  std::memcpy(content.data() + text, policy.parameters.data(), policy.parameters.size() * sizeof(float));
  write_file_atomically(path, content);
}

Policy load_policy(const std::filesystem::path& path) {
  std::error_code error;
  const bool ordinary = std::filesystem::is_regular_file(path, error);
  std::ifstream file(path, std::ios::binary);
  if (!ordinary || !file) refuse(path, "cannot be read");
  std::string line(kLongestHeader, '\0');
  // A foreign file may be one line of any length.
  if (!file.getline(line.data(), static_cast<std::streamsize>(line.size()))) refuse(path, "is no policy file");
  line.resize(std::strlen(line.c_str()));
  Policy policy;
  std::size_t count = 0;
  try {
    const nlohmann::json header = nlohmann::json::parse(line);
    if (header.at("format") != kFormat) refuse(path, "is no policy of this format");
    policy.environment = header.at("environment").get<std::string>();
    policy.network = network_from(header);
    policy.action_values = header.value("action_values", false);
    count = header.at("parameters").get<std::size_t>();
    if (count != NetworkLayout(policy.network).parameter_count) refuse(path, "contradicts itself about its size");
  } catch (const nlohmann::json::exception&) {
    refuse(path, "is no policy file");
  } catch (const std::invalid_argument&) {
    refuse(path, "describes no network");
  }
  const std::uintmax_t bytes_there = std::filesystem::file_size(path) - static_cast<std::uintmax_t>(file.tellg());
  const std::size_t bytes = count * sizeof(float);
  if (bytes_there != bytes) refuse(path, bytes_there < bytes ? "is cut short" : "goes on after the parameters");
  policy.parameters.resize(count);
  file.read(reinterpret_cast<char*>(policy.parameters.data()), static_cast<std::streamsize>(bytes));
  if (!file) refuse(path, "cannot be read");
  return policy;
}

}  // namespace prl

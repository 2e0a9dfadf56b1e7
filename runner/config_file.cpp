#include "runner/config_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "runner/run_configuration.hpp"
#include "runner/toml_file.hpp"

namespace prl {
namespace {

constexpr const char* kWanted = "a TOML file of option = value lines";

// Option names as a file spells them, without those that a file cannot give.
std::vector<std::string> as_settings(const std::vector<std::string>& options) {
  std::vector<std::string> settings;
  for (const std::string& option : options) {
    if (option == "--config" || option == "--help") continue;
    std::string setting = option.substr(2);
    std::replace(setting.begin(), setting.end(), '-', '_');
    settings.push_back(std::move(setting));
  }
  return settings;
}

}  // namespace

std::vector<std::string> options_from_toml(const std::filesystem::path& path, const std::vector<std::string>& known,
                                           const std::string& table) {
  const toml::table file = read_toml(path, kWanted);
  const toml::table* settings = table.empty() ? &file : file[table].as_table();
  std::vector<std::string> options;
  if (settings == nullptr) return options;
  for (const auto& [key, node] : *settings) {
    std::string option = fmt::format("--{}", key.str());
    std::replace(option.begin(), option.end(), '_', '-');
    if (option == "--config" || option == "--help" || std::find(known.begin(), known.end(), option) == known.end()) {
      throw UsageError(fmt::format("{} line {}: '{}' is no setting: give some of {}", path.string(),
                                   key.source().begin.line, key.str(), fmt::join(as_settings(known), ", ")));
    }
    options.push_back(fmt::format("{}={}", option, option_text(node, std::string(key.str()))));
  }
  return options;
}

std::string text_from_toml(const std::filesystem::path& path, const std::string& setting) {
  return read_toml(path, kWanted)[setting].value_or(std::string());
}

}  // namespace prl

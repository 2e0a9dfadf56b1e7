#include "runner/config_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <toml++/toml.h>
#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>

#include "runner/run_configuration.hpp"

namespace prl {
namespace {

std::string text_of(const toml::node& node, const std::string& key) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  if (const auto* integer = node.as_integer()) return fmt::format("{}", integer->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* array = node.as_array()) {
    std::string joined;
    for (const auto& element : *array) {
      if (!joined.empty()) joined += ',';
      joined += text_of(element, key);
    }
    return joined;
  }
  throw UsageError(
      fmt::format("the setting '{}' is a table or a date: give a number, a string, true, false or an array", key));
}

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

toml::table read_toml(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored) || !std::ifstream(path)) {
    throw UsageError(fmt::format("{} cannot be read: give a TOML file of option = value lines", path.string()));
  }
  try {
    return toml::parse_file(path.string());
  } catch (const toml::parse_error& error) {
    const auto& begin = error.source().begin;
    throw UsageError(fmt::format("{} line {}: {}; give a readable TOML file of option = value lines", path.string(),
                                 begin.line, error.description()));
  }
}

}  // namespace

std::vector<std::string> options_from_toml(const std::filesystem::path& path, const std::vector<std::string>& known) {
  const toml::table table = read_toml(path);
  std::vector<std::string> options;
  for (const auto& [key, node] : table) {
    std::string option = fmt::format("--{}", key.str());
    std::replace(option.begin(), option.end(), '_', '-');
    if (option == "--config" || option == "--help" || std::find(known.begin(), known.end(), option) == known.end()) {
      throw UsageError(fmt::format("{} line {}: '{}' is no setting: give some of {}", path.string(),
                                   key.source().begin.line, key.str(), fmt::join(as_settings(known), ", ")));
    }
    options.push_back(fmt::format("{}={}", option, text_of(node, std::string(key.str()))));
  }
  return options;
}

std::string text_from_toml(const std::filesystem::path& path, const std::string& setting) {
  return read_toml(path)[setting].value_or(std::string());
}

}  // namespace prl

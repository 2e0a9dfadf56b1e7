#include "runner/config_file.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <sstream>

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

}  // namespace

std::vector<std::string> options_from_toml(const std::filesystem::path& path) {
  toml::table table;
  try {
    table = toml::parse_file(path.string());
  } catch (const toml::parse_error& error) {
    const auto& begin = error.source().begin;
    throw UsageError(fmt::format("{} line {}: {}; give a readable TOML file of option = value lines", path.string(),
                                 begin.line, error.description()));
  }
  std::vector<std::string> options;
  for (const auto& [key, node] : table) {
    std::string option{key.str()};
    std::replace(option.begin(), option.end(), '_', '-');
    options.push_back(fmt::format("--{}={}", option, text_of(node, option)));
  }
  return options;
}

}  // namespace prl

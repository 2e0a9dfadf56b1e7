#include "runner/toml_file.hpp"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "runner/run_configuration.hpp"

namespace prl {

toml::table read_toml(const std::filesystem::path& path, const std::string& wanted) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored) || !std::ifstream(path)) {
    throw UsageError(fmt::format("{} cannot be read: give {}", path.string(), wanted));
  }
  try {
    return toml::parse_file(path.string());
  } catch (const toml::parse_error& error) {
    const auto& begin = error.source().begin;
    throw UsageError(fmt::format("{} line {}: {}; give {}", path.string(), begin.line, error.description(), wanted));
  }
}

std::string option_text(const toml::node& node, const std::string& key) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  if (const auto* integer = node.as_integer()) return fmt::format("{}", integer->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* array = node.as_array()) {
    std::string joined;
    for (const auto& element : *array) {
      if (!joined.empty()) joined += ',';
      joined += option_text(element, key);
    }
    return joined;
  }
  throw UsageError(
      fmt::format("the setting '{}' is a table or a date: give a number, a string, true, false or an array", key));
}

}  // namespace prl

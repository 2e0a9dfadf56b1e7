// TOML files that users write.
#pragma once

#include <toml++/toml.h>
#include <filesystem>
#include <string>

namespace prl {

// `wanted` is what the file should be, like "a TOML file of option = value lines". Throws UsageError, one line, for files
// that cannot be read or are no TOML.
toml::table read_toml(const std::filesystem::path& path, const std::string& wanted);

// A value as the text that an option is given; arrays are joined by commas. Throws UsageError for tables and dates.
std::string option_text(const toml::node& node, const std::string& key);

}  // namespace prl

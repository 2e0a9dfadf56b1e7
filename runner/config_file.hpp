// Settings from a TOML file, as the command-line options they stand for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace prl {

// `learning_rate = 3e-4` becomes "--learning-rate=3e-4"; arrays are joined by commas; tables are not used. The command
// line, read after them, has the last word. `known`: the options that there are, like "--learning-rate". `table`: the
// table of the file that they are in; empty: the file itself. Throws UsageError for files that cannot be read, are no
// TOML or set something unknown.
std::vector<std::string> options_from_toml(const std::filesystem::path& path, const std::vector<std::string>& known,
                                           const std::string& table = "");

// One setting that is a text, before it is known which others there are; empty where it is not given or is no text.
// Throws UsageError for files that cannot be read or are no TOML.
std::string text_from_toml(const std::filesystem::path& path, const std::string& setting);

}  // namespace prl

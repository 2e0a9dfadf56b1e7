// Texts that options take, checked while the command line is read.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace prl {

// Not empty.
CLI::Validator file_name();

// A whole number from 0 to 2^64 - 1; CLI11 itself lets numbers outside of that wrap round.
CLI::Validator seed_number();

// "256,256" as {256, 256}. Throws UsageError unless every part is a whole number of at least 1.
std::vector<int> parse_widths(const std::string& text);

// "1,50,100" as {1, 50, 100}. Throws UsageError unless every part is a whole number of at least 1 and above the one before.
std::vector<int> parse_rounds(const std::string& text);

}  // namespace prl

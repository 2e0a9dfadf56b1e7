// Texts of schedules: a kind and its numbers, like linear:1:0.05:10000.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace prl {

// The numbers of `kind:a:b:..`; empty where the text is not of that kind or one of them is not a number.
std::vector<double> numbers_after(std::string_view text, std::string_view kind);

// The shortest text that reads back to the same number.
std::string shortest_text(double number);

}  // namespace prl

#include "algorithms/tabular/number_list.hpp"

#include <array>
#include <charconv>
#include <system_error>

namespace prl {

std::vector<double> numbers_after(std::string_view text, std::string_view kind) {
  if (!text.starts_with(kind)) return {};
  text.remove_prefix(kind.size());
  std::vector<double> numbers;
  while (text.starts_with(':')) {
    double number = 0.0;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    if (error != std::errc{}) return {};
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  return text.empty() ? numbers : std::vector<double>{};
}

std::string shortest_text(double number) {
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

}  // namespace prl

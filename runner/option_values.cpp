#include "runner/option_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <system_error>

#include "runner/run_configuration.hpp"

namespace prl {
namespace {

template <typename Number>
bool parse_whole(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

// The whole numbers between the commas; none if one of them is something else.
std::optional<std::vector<int>> parse_list(std::string_view text) {
  std::vector<int> numbers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (!parse_whole(text.substr(begin, end - begin), numbers.emplace_back())) return std::nullopt;
    begin = end + 1;
  }
  return numbers;
}

}  // namespace

CLI::Validator file_name() {
  return {[](const std::string& text) { return text.empty() ? std::string("give a file name") : std::string(); }, ""};
}

CLI::Validator seed_number() {
  return {[](const std::string& text) {
            std::uint64_t seed = 0;
            return parse_whole(text, seed)
                       ? std::string()
                       : fmt::format("'{}' is no seed: give a whole number from 0 to 18446744073709551615", text);
          },
          ""};
}

std::vector<int> parse_widths(const std::string& text) {
  auto widths = parse_list(text);
  const auto fits = [](int width) { return width >= 1 && width <= 65536; };
  if (!widths || !std::all_of(widths->begin(), widths->end(), fits)) {
    throw UsageError(fmt::format("--hidden '{}': give widths from 1 to 65536 with commas between, like 256,256", text));
  }
  return *std::move(widths);
}

std::vector<int> parse_rounds(const std::string& text) {
  auto rounds = parse_list(text);
  if (!rounds || rounds->front() < 1 || !std::is_sorted(rounds->begin(), rounds->end(), std::less_equal<>())) {
    throw UsageError(
        fmt::format("--cost-rounds '{}': give ascending rounds, from 1, with commas between, like 1,50,100", text));
  }
  return *std::move(rounds);
}

}  // namespace prl

#include "runner/option_values.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
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
  std::vector<int> widths;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    int width = 0;
    if (!parse_whole(std::string_view(text).substr(begin, end - begin), width) || width < 1 || width > 65536) {
      throw UsageError(
          fmt::format("--hidden '{}': give widths from 1 to 65536 with commas between, like 256,256", text));
    }
    widths.push_back(width);
    begin = end + 1;
  }
  return widths;
}

}  // namespace prl

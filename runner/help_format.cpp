#include "runner/help_format.hpp"

#include <fmt/format.h>

#include <sstream>

namespace prl {
namespace {

constexpr std::size_t kNameColumns = 32;
constexpr std::size_t kAllColumns = 80;

// `name` on the left, `description` on the right, below it where the name is too long.
std::string two_columns(const std::string& name, const std::string& description) {
  std::string text = "  " + name;
  if (text.size() + 1 > kNameColumns) text += '\n' + std::string(kNameColumns, ' ');
  if (text.size() < kNameColumns) text.resize(kNameColumns, ' ');
  std::size_t column = kNameColumns;
  std::istringstream words(description);
  for (std::string word; words >> word;) {
    const bool first = column == kNameColumns;
    if (!first && column + 1 + word.size() > kAllColumns) {
      text += '\n' + std::string(kNameColumns, ' ');
      column = kNameColumns;
    } else if (!first) {
      text += ' ';
      ++column;
    }
    text += word;
    column += word.size();
  }
  return text + '\n';
}

}  // namespace

std::string HelpFormat::make_option(const CLI::Option* option, bool is_positional) const {
  std::string name = make_option_name(option, is_positional);
  if (option->get_type_size() != 0 && !option->get_type_name().empty()) name += ' ' + option->get_type_name();
  std::string description = option->get_description();
  if (option->get_required()) description += " (required)";
  if (!option->get_default_str().empty()) description += fmt::format(" [{}]", option->get_default_str());
  return two_columns(name, description);
}

std::string HelpFormat::make_subcommand(const CLI::App* command) const {
  return two_columns(command->get_name(), command->get_description());
}

}  // namespace prl

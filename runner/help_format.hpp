// The layout of --help: two columns that fit a terminal of 80 characters, descriptions wrapped, defaults in brackets.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace prl {

class HelpFormat final : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_subcommand(const CLI::App* command) const override;
};

}  // namespace prl

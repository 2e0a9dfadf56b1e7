// `prl train` with a tabular rule.
#pragma once

#include <string>
#include <vector>

#include "runner/tabular/tabular_options.hpp"

namespace prl {

// `arguments`: the command line after the program's name, for the record. Returns the exit status.
int run_train_tabular(const TabularOptions& options, const std::vector<std::string>& arguments);

}  // namespace prl

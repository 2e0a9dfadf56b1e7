// The matrix rule x collection x inference x agreement x schedule: which cells exist, and why the others do not.
#pragma once

#include <string>
#include <vector>

#include "runner/run_configuration.hpp"

namespace prl {

// How a rule is run.
struct ParallelMode {
  CollectMode collect = CollectMode::kSerial;
  InferencePlace inference = InferencePlace::kWorkers;
  Agreement agreement = Agreement::kNone;
  Schedule schedule = Schedule::kLockStep;
};

struct Cell {
  std::string algorithm;
  ParallelMode mode;
  bool available = true;
  std::string reason;  // of an unavailable cell: why, and what to use
};

// All cells of all rules.
std::vector<Cell> all_cells();

// The cell of this combination; the rule must be one of rule_names().
Cell find_cell(const std::string& algorithm, const ParallelMode& mode);

}  // namespace prl

// The matrix of the tabular rules: rule x collection x experience x agreement.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/tabular/tabular_configuration.hpp"

namespace prl {

struct TabularCell {
  TabularRule rule = TabularRule::kQLearning;
  CollectMode collect = CollectMode::kSerial;
  Experience experience = Experience::kAgents;
  TableAgreement agreement = TableAgreement::kNone;
  bool available = true;
  std::string reason;  // of an unavailable cell: why, and what to use
};

TabularCell find_cell(TabularRule rule, CollectMode collect, Experience experience, TableAgreement agreement);

std::vector<TabularCell> all_tabular_cells();

// As --algorithm takes them.
std::vector<std::string_view> tabular_rule_names();

}  // namespace prl

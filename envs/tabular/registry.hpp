// The tables by name.
//
//   FrozenLake-v1, FrozenLake8x8-v1              slippery, as Gymnasium makes them by default
//   FrozenLake-v1-dry, FrozenLake8x8-v1-dry      is_slippery=False
//   CliffWalking-v1, CliffWalkingSlippery-v1
//   Taxi-v4
//   RandomMdp-S<states>-A<actions>[-seed<n>]     envs/tabular/random_mdp.hpp, branching 4, seed 1 unless given
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "envs/tabular/transition_table.hpp"

namespace prl {

struct TableInfo {
  std::string name;
  int time_limit = 0;  // Gymnasium's limit in steps; 0 for none
};

// One row for every table, random ones by an example of 8 and of 16 actions.
const std::vector<TableInfo>& tables();

// Whether transition_table(name) makes one.
bool is_table_name(std::string_view name);

// Limit in steps of that table's episodes; 0 for none.
int table_time_limit(std::string_view name);

// Throws std::invalid_argument, one line, for a name that is none of the above or a random table with no or more than
// 100,000 pairs.
TransitionTable transition_table(std::string_view name);

}  // namespace prl

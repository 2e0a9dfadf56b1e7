// Runs in which a server holds the table: workers' tables averaged in lock-step or merged freely, experience or
// gradients sent to it.
#pragma once

#include "algorithms/tabular/transition_source.hpp"
#include "runner/tabular/tabular_parts.hpp"

namespace prl {

// For the agreements server, experience and gradients. Throws what run_team() throws.
void run_with_server(const TabularParts& parts, const ModelSource<TransitionTable>& source);
void run_with_server(const TabularParts& parts, const PoolSource& source);

}  // namespace prl

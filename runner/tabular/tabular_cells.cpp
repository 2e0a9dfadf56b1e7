#include "runner/tabular/tabular_cells.hpp"

namespace prl {
namespace {

// Empty if the combination makes sense.
std::string why_not(TabularRule rule, CollectMode collect, Experience experience, TableAgreement agreement) {
  if (collect == CollectMode::kMpi) return "one table in shared memory has no ranks; use threads or processes";
  if (rule == TabularRule::kSarsa && experience != Experience::kAgents) {
    return "SARSA learns from the actions that its own policy takes; use agents";
  }
  const bool serial = collect == CollectMode::kSerial;
  const bool has_server = agreement >= TableAgreement::kServer;
  if (serial && (has_server || agreement == TableAgreement::kShared)) {
    return "a single worker shares with nobody; use none";
  }
  if (!serial && agreement == TableAgreement::kNone) return "several workers hold one table; use partition or shared";
  if (has_server && experience == Experience::kAgents) {
    return "a server's workers draw transitions, agents act on one table; use model or pool";
  }
  if (experience == Experience::kAgents && agreement == TableAgreement::kPartition) {
    return "agents act on the newest values, a sweep reads those before it; use shared";
  }
  return "";
}

}  // namespace

TabularCell find_cell(TabularRule rule, CollectMode collect, Experience experience, TableAgreement agreement) {
  TabularCell cell{rule, collect, experience, agreement, true, why_not(rule, collect, experience, agreement)};
  cell.available = cell.reason.empty();
  return cell;
}

std::vector<TabularCell> all_tabular_cells() {
  std::vector<TabularCell> cells;
  for (const auto rule : {TabularRule::kQLearning, TabularRule::kSarsa}) {
    for (const auto collect :
         {CollectMode::kSerial, CollectMode::kThreads, CollectMode::kProcesses, CollectMode::kMpi}) {
      for (const auto experience : {Experience::kAgents, Experience::kModel, Experience::kPool}) {
        for (const auto agreement :
             {TableAgreement::kNone, TableAgreement::kPartition, TableAgreement::kShared, TableAgreement::kServer,
              TableAgreement::kExperience, TableAgreement::kGradients}) {
          cells.push_back(find_cell(rule, collect, experience, agreement));
        }
      }
    }
  }
  return cells;
}

std::vector<std::string_view> tabular_rule_names() { return {"q-learning", "sarsa"}; }

}  // namespace prl

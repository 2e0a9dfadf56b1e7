#include "runner/cell_matrix.hpp"

namespace prl {
namespace {

// Empty if the combination makes sense.
std::string why_not(CollectMode collect, InferencePlace inference, Agreement agreement) {
  const bool one_process = collect == CollectMode::kSerial || collect == CollectMode::kThreads;
  if (inference == InferencePlace::kLearner && one_process) {
    return "with one process the policy is where the environments are; use processes or mpi";
  }
  if (agreement == Agreement::kAllReduce && collect == CollectMode::kSerial) {
    return "a single worker has nobody to agree with; use threads, processes or mpi";
  }
  if (agreement == Agreement::kAllReduce && inference == InferencePlace::kLearner) {
    return "workers that learn hold the parameters, so they act with them; use --inference workers";
  }
  return "";
}

}  // namespace

Cell find_cell(const std::string& algorithm, CollectMode collect, InferencePlace inference, Agreement agreement) {
  Cell cell{algorithm, collect, inference, agreement, true, why_not(collect, inference, agreement)};
  cell.available = cell.reason.empty();
  return cell;
}

std::vector<Cell> all_cells() {
  std::vector<Cell> cells;
  for (const std::string_view algorithm : rule_names()) {
    for (const auto collect :
         {CollectMode::kSerial, CollectMode::kThreads, CollectMode::kProcesses, CollectMode::kMpi}) {
      for (const auto inference : {InferencePlace::kWorkers, InferencePlace::kLearner}) {
        for (const auto agreement : {Agreement::kNone, Agreement::kAllReduce}) {
          cells.push_back(find_cell(std::string(algorithm), collect, inference, agreement));
        }
      }
    }
  }
  return cells;
}

}  // namespace prl

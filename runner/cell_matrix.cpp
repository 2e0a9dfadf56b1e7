#include "runner/cell_matrix.hpp"

namespace prl {
namespace {

// Empty if free-running actors make sense.
std::string why_not_free(const ParallelMode& mode) {
  if (mode.collect == CollectMode::kSerial) return "nobody runs beside a single worker; use threads, processes or mpi";
  if (mode.inference == InferencePlace::kLearner) {
    return "actors that wait for the learner's actions do not run freely; use --inference workers";
  }
  if (mode.agreement == Agreement::kAllReduce) {
    return "workers that add their gradients up wait for each other; use --agreement none or hogwild";
  }
  return "";
}

// Empty if a learner and its workers can work on two rounds at the same time.
std::string why_not_pipelined(const ParallelMode& mode) {
  if (mode.collect == CollectMode::kSerial) {
    return "nobody collects beside a single worker that learns; use threads, processes or mpi";
  }
  if (mode.agreement != Agreement::kNone) {
    return "workers that learn have no time to collect meanwhile; use --agreement none";
  }
  return "";
}

// Empty if parameters can be shared without locks.
std::string why_not_hogwild(const ParallelMode& mode) {
  if (mode.collect == CollectMode::kSerial) {
    return "a single worker has nobody to share parameters with; use threads or processes";
  }
  if (mode.collect == CollectMode::kMpi) return "ranks have no memory in common; use threads or processes";
  if (mode.inference == InferencePlace::kLearner) {
    return "workers that learn hold the parameters, so they act with them; use --inference workers";
  }
  if (mode.schedule != Schedule::kFreeRunning) {
    return "workers that wait for each other have no use for parameters without locks; use --schedule free-running";
  }
  return "";
}

// Empty if workers can learn by themselves and meet on parameters.
std::string why_not_server(const ParallelMode& mode) {
  if (mode.collect == CollectMode::kSerial) {
    return "a single worker has nobody to agree with; use threads, processes or mpi";
  }
  if (mode.inference == InferencePlace::kLearner) {
    return "workers that learn hold the parameters, so they act with them; use --inference workers";
  }
  return "";
}

// Empty if workers can learn by themselves and meet those that a graph connects them with.
std::string why_not_gossip(const ParallelMode& mode) {
  if (mode.schedule == Schedule::kFreeRunning && mode.collect == CollectMode::kMpi) {
    return "free-running pairs average copies in memory that they share; use threads or processes";
  }
  return why_not_server(mode);
}

// Empty if rounds of whole episodes can be collected in that way.
std::string why_not_whole_episodes(const ParallelMode& mode) {
  if (mode.inference == InferencePlace::kLearner) {
    return "environments that have played their episodes idle where the policy is; use --inference workers";
  }
  if (mode.schedule == Schedule::kFreeRunning) {
    return "an update takes all episodes of a round, played by one policy; use --schedule lock-step";
  }
  return "";
}

// Empty if the combination makes sense.
std::string why_not(const ParallelMode& mode) {
  const bool one_process = mode.collect == CollectMode::kSerial || mode.collect == CollectMode::kThreads;
  if (mode.inference == InferencePlace::kLearner && one_process) {
    return "with one process the policy is where the environments are; use processes or mpi";
  }
  if (mode.agreement == Agreement::kAllReduce && mode.collect == CollectMode::kSerial) {
    return "a single worker has nobody to agree with; use threads, processes or mpi";
  }
  if (mode.agreement == Agreement::kAllReduce && mode.inference == InferencePlace::kLearner) {
    return "workers that learn hold the parameters, so they act with them; use --inference workers";
  }
  if (mode.agreement == Agreement::kHogwild) return why_not_hogwild(mode);
  if (mode.schedule == Schedule::kPipelined) return why_not_pipelined(mode);
  if (mode.agreement == Agreement::kServer) return why_not_server(mode);
  if (mode.agreement == Agreement::kGossip) return why_not_gossip(mode);
  return mode.schedule == Schedule::kFreeRunning ? why_not_free(mode) : "";
}

}  // namespace

Cell find_cell(const std::string& algorithm, const ParallelMode& mode) {
  Cell cell{algorithm, mode, true, why_not(mode)};
  if (cell.reason.empty() && mode.agreement == Agreement::kHogwild && algorithm == "dqn") {
    cell.reason = "every worker would learn from a replay and a target network of its own; use --agreement none";
  }
  const bool whole_episodes = needs_of(default_setting(algorithm)).episodes > 0;
  if (cell.reason.empty() && whole_episodes) cell.reason = why_not_whole_episodes(mode);
  cell.available = cell.reason.empty();
  return cell;
}

std::vector<Cell> all_cells() {
  std::vector<Cell> cells;
  for (const std::string_view algorithm : rule_names()) {
    for (const auto collect :
         {CollectMode::kSerial, CollectMode::kThreads, CollectMode::kProcesses, CollectMode::kMpi}) {
      for (const auto inference : {InferencePlace::kWorkers, InferencePlace::kLearner}) {
        for (const auto agreement :
             {Agreement::kNone, Agreement::kAllReduce, Agreement::kHogwild, Agreement::kServer, Agreement::kGossip}) {
          for (const auto schedule : {Schedule::kLockStep, Schedule::kPipelined, Schedule::kFreeRunning}) {
            cells.push_back(find_cell(std::string(algorithm), {collect, inference, agreement, schedule}));
          }
        }
      }
    }
  }
  return cells;
}

}  // namespace prl

#include "runner/run_configuration.hpp"

namespace prl {

std::string name_of(CollectMode mode) {
  switch (mode) {
    case CollectMode::kSerial:
      return "serial";
    case CollectMode::kThreads:
      return "threads";
    case CollectMode::kProcesses:
      return "processes";
    case CollectMode::kMpi:
      return "mpi";
  }
  return "";
}

std::string name_of(InferencePlace place) { return place == InferencePlace::kWorkers ? "workers" : "learner"; }
std::string name_of(Schedule schedule) {
  if (schedule == Schedule::kLockStep) return "lock-step";
  return schedule == Schedule::kPipelined ? "pipelined" : "free-running";
}
std::string name_of(AllReduce all_reduce) {
  switch (all_reduce) {
    case AllReduce::kDirect:
      return "direct";
    case AllReduce::kRing:
      return "ring";
    case AllReduce::kHalvingDoubling:
      return "halving-doubling";
    case AllReduce::kLibrary:
      return "library";
  }
  return "";
}

std::string name_of(ServerTakes takes) { return takes == ServerTakes::kParameters ? "parameters" : "gradients"; }

std::string name_of(AverageSharing averages) { return averages == AverageSharing::kShared ? "shared" : "per-worker"; }

std::string name_of(Balance balance) { return balance == Balance::kSpeed ? "speed" : "none"; }

std::string name_of(Agreement agreement) {
  switch (agreement) {
    case Agreement::kNone:
      return "none";
    case Agreement::kAllReduce:
      return "all-reduce";
    case Agreement::kHogwild:
      return "hogwild";
    case Agreement::kServer:
      return "server";
    case Agreement::kGossip:
      return "gossip";
  }
  return "";
}

}  // namespace prl

// Everything that defines a run of a tabular rule, after options were put together.
#pragma once

#include <cstdint>
#include <string>

#include "algorithms/tabular/tabular_agent.hpp"
#include "core/step_cost.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

// What updates are made of: steps of epsilon-greedy agents; pairs drawn uniformly and stepped once by the model; draws
// from a pool of such transitions, gathered before the run.
enum class Experience { kAgents, kModel, kPool };

// How several workers hold one table: a single worker; rows divided by state, in lock-step sweeps; written by all
// without agreement; a server that averages or merges the workers' own tables, that learns from experience that they
// send, or that adds up the gradients that they send.
enum class TableAgreement { kNone, kPartition, kShared, kServer, kExperience, kGradients };

struct TabularConfiguration {
  std::string environment = "FrozenLake-v1";
  CollectMode collect = CollectMode::kSerial;
  int workers = 1;
  Experience experience = Experience::kAgents;
  TableAgreement agreement = TableAgreement::kNone;
  Schedule schedule = Schedule::kLockStep;
  int local_updates = 1;            // of a worker between two meetings with the server
  double merge_rate = 1.0;          // eta of a free-running server
  bool refresh_after_merge = true;  // whether a worker then goes on with the server's table
  int agents = 1;
  std::uint64_t steps = 100000;  // of all workers together; a multiple of the batch, or of a round's updates
  int batch = 4096;              // transitions a sweep
  int pool = 100000;             // transitions of the pool
  StepCost step_cost;            // of agents' steps
  TabularAgentSetting setting;   // rule, schedules, walk, replay, seed
  std::uint64_t look_every = 10000;
  double stop_at_error = 0.0;  // 0: never

  bool oversubscribed(int usable_cores) const {
    return workers > usable_cores && step_cost.kind != StepCost::Kind::kWait;
  }
  bool has_server() const { return agreement >= TableAgreement::kServer; }
  // Whether the workers draw a batch together, and an update belongs to a place in it.
  bool in_batches() const {
    return agreement == TableAgreement::kPartition || agreement == TableAgreement::kExperience;
  }
};

// The schedule where none is given, which is the only one of every agreement but server.
Schedule usual_schedule(TableAgreement agreement);

// Checks ranges and the combination; throws UsageError.
void validate(const TabularConfiguration& configuration);

std::string name_of(TabularRule rule);
std::string name_of(Experience experience);
std::string name_of(TableAgreement agreement);

}  // namespace prl

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
// without agreement.
enum class TableAgreement { kNone, kPartition, kShared };

struct TabularConfiguration {
  std::string environment = "FrozenLake-v1";
  CollectMode collect = CollectMode::kSerial;
  int workers = 1;
  Experience experience = Experience::kAgents;
  TableAgreement agreement = TableAgreement::kNone;
  int agents = 1;
  std::uint64_t steps = 100000;  // of all workers together; of sweeps, a multiple of the batch
  int batch = 4096;              // transitions a sweep
  int pool = 100000;             // transitions of the pool
  StepCost step_cost;            // of agents' steps
  TabularAgentSetting setting;   // rule, schedules, walk, replay, seed
  std::uint64_t look_every = 10000;
  double stop_at_error = 0.0;  // 0: never

  bool oversubscribed(int usable_cores) const {
    return workers > usable_cores && step_cost.kind != StepCost::Kind::kWait;
  }
  bool lock_step() const { return agreement != TableAgreement::kShared; }
};

// Checks ranges and the combination; throws UsageError.
void validate(const TabularConfiguration& configuration);

std::string name_of(TabularRule rule);
std::string name_of(Experience experience);
std::string name_of(TableAgreement agreement);

}  // namespace prl

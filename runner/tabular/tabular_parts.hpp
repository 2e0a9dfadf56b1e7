// The parts of a run of a tabular rule, whichever way its workers agree.
#pragma once

#include <algorithm>
#include <atomic>
#include <span>
#include <vector>

#include "algorithms/tabular/cell_access.hpp"
#include "envs/tabular/transition_table.hpp"
#include "parallel/tabular/free_updates.hpp"
#include "parallel/tabular/partitioned_sweeps.hpp"
#include "parallel/transport/shared_region.hpp"
#include "runner/tabular/tabular_run.hpp"

namespace prl {

inline TeamPlace place_of(CollectMode mode) {
  if (mode == CollectMode::kSerial) return TeamPlace::kSerial;
  return mode == CollectMode::kThreads ? TeamPlace::kThreads : TeamPlace::kProcesses;
}

// What the workers of a run share.
struct TableStorage {
  TableStorage(const TransitionTable& table, int workers, int batch)
      : region("tables", 2 * SharedRegion::bytes_for<double>(table.pairs()) +
                             SharedRegion::bytes_for<std::uint32_t>(table.pairs()) +
                             SharedRegion::bytes_for<StepCount>(static_cast<std::size_t>(workers)) +
                             SharedRegion::bytes_for<SweepCount>(static_cast<std::size_t>(workers)) +
                             SweepBins::bytes(workers, batch)),
        q(region.carve<double>(table.pairs())),
        after_sweep(region.carve<double>(table.pairs())),
        visits(region.carve<std::uint32_t>(table.pairs())),
        steps(region.carve<StepCount>(static_cast<std::size_t>(workers))),
        counts(region.carve<SweepCount>(static_cast<std::size_t>(workers))),
        bins(region, workers, batch) {}

  SharedRegion region;
  std::span<double> q;
  std::span<double> after_sweep;
  std::span<std::uint32_t> visits;
  std::span<StepCount> steps;
  std::span<SweepCount> counts;
  SweepBins bins;
};

// Worker 0's looks at the table.
class TableLooker {
 public:
  TableLooker(const TabularConfiguration& configuration, const LookListener& listener, std::span<const double> q,
              TabularResult& result)
      : stop_at_error_(configuration.stop_at_error), listener_(listener), q_(q), result_(result), seen_(q.size()) {}

  // Whether the run has come as near as was asked for.
  bool look(std::uint64_t steps, double seconds) {
    const double start_seconds = monotonic_seconds();
    for (std::size_t i = 0; i < seen_.size(); ++i) seen_[i] = RelaxedCells::load(q_[i]);
    const double error = largest_error(seen_, result_.goal.optimum.q, result_.goal.pairs);
    result_.curve.push_back({steps, seconds, error});
    listener_(result_.curve.back());
    result_.look_seconds += monotonic_seconds() - start_seconds;
    result_.reached = stop_at_error_ > 0.0 && error <= stop_at_error_;
    return result_.reached;
  }

 private:
  double stop_at_error_;
  const LookListener& listener_;
  std::span<const double> q_;
  TabularResult& result_;
  std::vector<double> seen_;
};

struct TabularParts {
  const TabularConfiguration& configuration;
  const TransitionTable& table;
  std::span<const TabularTransition> pool;
  const std::atomic<bool>& stop;
  TableStorage& storage;
  TableLooker& looker;
  TabularResult& result;

  BootstrapSetting bootstrap() const {
    return {table.actions(), configuration.setting.gamma, configuration.setting.subsets};
  }
};

}  // namespace prl

#include "runner/policy_comparison.hpp"

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>

#include "parallel/collect/collector.hpp"

namespace prl {

std::vector<Evaluation> evaluate_policies(const std::vector<EvaluationTask>& tasks, int episodes, std::uint64_t seed,
                                          EvaluationAction action, int workers, const std::atomic<bool>& stop) {
  std::vector<NetworkLayout> layouts;
  std::vector<Evaluation> evaluations;
  for (const EvaluationTask& task : tasks) {
    layouts.emplace_back(task.policy.network);
    evaluations.push_back({std::vector<double>(static_cast<std::size_t>(episodes))});
  }
  // Enough parts for every worker, and large ones: a batch of rows is cheaper than one after another.
  const int parts = std::min(workers, episodes);
  std::atomic<bool> stopped{false};
  const auto evaluate_part = [&](std::size_t index) {
    const std::size_t which = index / static_cast<std::size_t>(parts);
    const EnvironmentRange range =
        environments_of(static_cast<int>(index % static_cast<std::size_t>(parts)), parts, episodes);
    const EvaluationTask& task = tasks[which];
    const std::vector<double> returns = task.environment->evaluate(layouts[which], task.policy.parameters.data(),
                                                                   {range.first, range.count}, seed, action, stop);
    if (returns.empty()) {
      stopped.store(true);
      return;
    }
    std::copy(returns.begin(), returns.end(), evaluations[which].returns.begin() + range.first);
  };
  tbb::task_arena arena(workers);
  arena.execute([&] {
    tbb::parallel_for(std::size_t{0}, tasks.size() * static_cast<std::size_t>(parts), evaluate_part,
                      tbb::simple_partitioner());
  });
  if (stopped.load()) evaluations.clear();
  return evaluations;
}

}  // namespace prl

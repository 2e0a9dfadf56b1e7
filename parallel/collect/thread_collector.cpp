#include "parallel/collect/thread_collector.hpp"

#include <tbb/task_group.h>

#include <algorithm>

#include "core/step_cost.hpp"
#include "parallel/collect/taken_steps.hpp"
#include "parallel/transport/core_share.hpp"

namespace prl {
namespace {

const CollectionPlan& checked(const CollectionPlan& plan) {
  check_plan(plan);
  return plan;
}

}  // namespace

ThreadCollector::ThreadCollector(const CollectionPlan& plan, const ActorFactory& make_actor)
    : working_together_(plan.working_together()),
      parameters_(checked(plan).parameter_count),
      blocks_(plan.segment_bytes()),
      segment_(plan.layout, blocks_.data(), 0, plan.environments),
      workers_(static_cast<std::size_t>(plan.workers)),
      threads_(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(plan.workers)),
      arena_(plan.workers, 1) {
  for (int w = 0; w < plan.workers; ++w) {
    Worker& worker = workers_[static_cast<std::size_t>(w)];
    worker.core_share = plan.core_share_of(w);
    worker.range = environments_of(w, plan.workers, plan.environments);
    worker.actor = make_actor(worker.range.first, worker.range.count);
  }
}

ThreadCollector::~ThreadCollector() { leave_core_share(); }

void ThreadCollector::run_worker(Worker& worker, const std::atomic<bool>& stop) {
  keep_to_core_share(worker.core_share, working_together_);
  thread_local const bool precise = (request_precise_sleep(), true);
  static_cast<void>(precise);
  const double start_seconds = monotonic_seconds();
  worker.complete = worker.actor->collect(parameters_.data(), part_of(worker), stop);
  worker.collecting_seconds = monotonic_seconds() - start_seconds;
}

bool ThreadCollector::collect(const std::atomic<bool>& stop) {
  const double start_seconds = monotonic_seconds();
  double started_seconds = start_seconds;
  arena_.execute([&] {
    tbb::task_group tasks;
    for (std::size_t w = 1; w < workers_.size(); ++w) {
      tasks.run([this, w, &stop] { run_worker(workers_[w], stop); });
    }
    started_seconds = monotonic_seconds();
    tasks.run_and_wait([this, &stop] { run_worker(workers_[0], stop); });
  });
  if (workers_.size() > 1) {
    ledger_.add_transfer(Purpose::kControl, started_seconds - start_seconds);
    ledger_.add_waiting(Purpose::kControl, monotonic_seconds() - started_seconds - workers_[0].collecting_seconds);
  }
  for (std::size_t w = 1; w < workers_.size(); ++w) {
    ledger_.add_message(Purpose::kWeights, parameters_.size() * sizeof(float));
    ledger_.add_message(Purpose::kTrajectories, crossing_bytes(part_of(workers_[w])));
  }
  return std::all_of(workers_.begin(), workers_.end(), [](const Worker& worker) { return worker.complete; });
}

void ThreadCollector::charge_step_cost(bool charge) {
  for (Worker& worker : workers_) worker.actor->charge_step_cost(charge);
}

std::vector<WorkerSeconds> ThreadCollector::worker_seconds() const {
  std::vector<WorkerSeconds> seconds;
  for (const Worker& worker : workers_) seconds.push_back({worker.collecting_seconds});
  return seconds;
}

}  // namespace prl

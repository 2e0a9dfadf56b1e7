#include "parallel/collect/thread_collector.hpp"

#include <tbb/task_group.h>

#include <algorithm>

#include "core/episode_returns.hpp"
#include "core/step_cost.hpp"
#include "parallel/collect/taken_steps.hpp"
#include "parallel/transport/core_share.hpp"

namespace prl {
namespace {

const CollectionPlan& checked(const CollectionPlan& plan) {
  check_plan(plan);
  return plan;
}

int parts_of(const CollectionPlan& plan) {
  return plan.grain > 0 ? (plan.environments + plan.grain - 1) / plan.grain : plan.workers;
}

EnvironmentRange range_of_part(const CollectionPlan& plan, int part) {
  if (plan.grain == 0) return environments_of(part, plan.workers, plan.environments);
  const int first = part * plan.grain;
  return {first, std::min(plan.grain, plan.environments - first)};
}

}  // namespace

ThreadCollector::ThreadCollector(const CollectionPlan& plan, const ActorFactory& make_actor)
    : plan_(checked(plan)),
      parameters_(plan.parameter_count),
      blocks_(plan.segment_bytes()),
      segment_(plan.layout, blocks_.data(), 0, plan.environments),
      parts_(static_cast<std::size_t>(parts_of(plan))),
      division_(plan),
      seconds_(static_cast<std::size_t>(plan.workers)),
      steps_(static_cast<std::size_t>(plan.workers)),
      threads_(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(plan.workers)),
      arena_(plan.workers, 1) {
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    Part& part = parts_[p];
    part.range = range_of_part(plan, static_cast<int>(p));
    part.worker = static_cast<int>(p);
    part.actor = make_actor(part.range.first, part.range.count);
    part.rounds = std::make_unique<CutRounds>(plan.cut_share, plan.workers, plan.layout.steps, left_, *part.actor);
  }
}

ThreadCollector::~ThreadCollector() { leave_core_share(); }

void ThreadCollector::collect_part(Part& part, const std::atomic<bool>& stop) {
  if (plan_.grain > 0) part.worker = tbb::this_task_arena::current_thread_index();
  keep_to_core_share(plan_.core_share_of(part.worker), plan_.working_together());
  slow_down_this_thread(plan_.slowness_of(part.worker));
  thread_local const bool precise = (request_precise_sleep(), true);
  static_cast<void>(precise);
  if (part.moved) part.actor->take_over(part_of(part));
  part.moved = false;
  const double start_seconds = monotonic_seconds();
  part.complete = part.rounds->collect(parameters_.data(), part_of(part), stop);
  part.collecting_seconds = monotonic_seconds() - start_seconds;
}

bool ThreadCollector::collect(const std::atomic<bool>& stop) {
  const double start_seconds = monotonic_seconds();
  double started_seconds = start_seconds;
  arena_.execute([&] {
    tbb::task_group tasks;
    for (std::size_t p = 1; p < parts_.size(); ++p) {
      tasks.run([this, p, &stop] { collect_part(parts_[p], stop); });
    }
    started_seconds = monotonic_seconds();
    tasks.run_and_wait([this, &stop] { collect_part(parts_[0], stop); });
  });
  count_parts();
  if (plan_.workers > 1) {
    ledger_.add_transfer(Purpose::kControl, started_seconds - start_seconds);
    ledger_.add_waiting(Purpose::kControl, monotonic_seconds() - started_seconds - seconds_[0].collecting);
  }
  for (int worker = 1; worker < plan_.workers; ++worker) {
    ledger_.add_message(Purpose::kWeights, plan_.parameter_bytes());
  }
  const bool complete = std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.complete; });
  division_.count_messages(ledger_);
  if (plan_.by_speed && complete) move_environments();
  return complete;
}

void ThreadCollector::move_environments() {
  division_.observe(seconds_);
  for (Part& part : parts_) {
    part.range = division_.of(part.worker);
    part.moved = division_.changed(part.worker);
  }
}

std::vector<int> ThreadCollector::worker_environments() const {
  return plan_.by_speed ? division_.observed_counts() : std::vector<int>();
}

void ThreadCollector::count_parts() {
  std::fill(seconds_.begin(), seconds_.end(), WorkerSeconds{});
  std::fill(steps_.begin(), steps_.end(), 0L);
  for (const Part& part : parts_) {
    const auto worker = static_cast<std::size_t>(part.worker);
    seconds_[worker].collecting += part.collecting_seconds;
    if (part.complete) steps_[worker] += steps_taken(part_of(part));
    if (part.worker > 0) ledger_.add_message(Purpose::kTrajectories, crossing_bytes(part_of(part)));
  }
}

void ThreadCollector::charge_step_cost(bool charge) {
  for (Part& part : parts_) part.actor->charge_step_cost(charge);
}

}  // namespace prl

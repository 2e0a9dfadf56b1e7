#include "parallel/collect/remote_collector.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/step_cost.hpp"

namespace prl {
namespace {

const CollectionPlan& checked(const CollectionPlan& plan, const NetworkLayout& network) {
  check_plan(plan);
  if (plan.parameter_count != network.parameter_count) {
    throw std::invalid_argument("the plan has " + std::to_string(plan.parameter_count) + " parameters, the network " +
                                std::to_string(network.parameter_count));
  }
  return plan;
}

}  // namespace

RemoteCollector::RemoteCollector(const CollectionPlan& plan, const NetworkLayout& network, std::uint64_t seed,
                                 const EnvironmentBatchFactory& make_batch, std::unique_ptr<StepLink> link,
                                 const ExplorationSetting& exploration, std::uint64_t steps_before)
    : link_(std::move(link)),
      parameters_(checked(plan, network).parameter_count),
      blocks_(plan.segment_bytes()),
      segment_(plan.layout, blocks_.data(), 0, plan.environments),
      recorder_(network, seed, 0, plan.environments, exploration),
      own_environments_(environments_of(0, plan.workers, plan.environments).count),
      slowness_(plan.slowness_of(0)),
      batch_(make_batch(0, own_environments_)) {
  recorder_.continue_at(steps_before);
  batch_->observe(link_->rows().observations);
}

bool RemoteCollector::collect(const std::atomic<bool>& stop) {
  collecting_seconds_ = 0.0;
  slow_down_this_thread(slowness_);
  batch_->charge_step_cost(charge_);
  link_->begin_round(charge_, stop);
  for (int t = 0; t < segment_.layout().steps; ++t) {
    if (!step(t, stop)) return false;
  }
  link_->end_round();
  if (segment_.layout().state_bytes > 0) keep_states();
  return true;
}

void RemoteCollector::keep_states() {
  std::byte* const states = link_->rows().states;
  batch_->keep(states);
  const std::size_t bytes = state_bytes_of(segment_.layout(), 1);
  for (int i = 0; i < segment_.count(); ++i) {
    std::copy_n(states + state_bytes_of(segment_.layout(), i), bytes, segment_.trajectory(i).kept_state);
  }
}

bool RemoteCollector::step(int t, const std::atomic<bool>& stop) {
  if (stop.load(std::memory_order_relaxed)) return false;
  const OutcomeRows& rows = link_->rows();
  const double act_seconds = monotonic_seconds();
  const float* actions = recorder_.act(parameters_.data(), rows.observations, t, segment_);
  const double start_seconds = monotonic_seconds();
  link_->start_step(actions);
  const double step_seconds = monotonic_seconds();
  bool complete = batch_->step(actions, stop);
  take_outcomes(*batch_, 0, own_environments_, segment_.layout().observation_size, rows);
  const double finish_seconds = monotonic_seconds();
  link_->finish_step(stop);
  const double record_seconds = monotonic_seconds();
  complete = complete && !stop.load(std::memory_order_relaxed);
  if (complete) {
    recorder_.record(parameters_.data(), rows.rewards, rows.ends, rows.final_observations, rows.observations, t,
                     segment_);
  }
  collecting_seconds_ +=
      (start_seconds - act_seconds) + (finish_seconds - step_seconds) + (monotonic_seconds() - record_seconds);
  return complete;
}

std::vector<WorkerSeconds> RemoteCollector::worker_seconds() const {
  std::vector<WorkerSeconds> seconds = {{collecting_seconds_}};
  seconds.insert(seconds.end(), link_->worker_seconds().begin(), link_->worker_seconds().end());
  return seconds;
}

}  // namespace prl

#include "parallel/collect/process_step_link.hpp"

#include "core/step_cost.hpp"
#include "parallel/transport/core_share.hpp"

namespace prl {
namespace {

std::size_t floats(int environments, int size) {
  return static_cast<std::size_t>(environments) * static_cast<std::size_t>(size);
}

std::size_t rows_bytes(const CollectionPlan& plan) {
  const int observations = plan.layout.observation_size;
  return 2 * SharedRegion::bytes_for<float>(floats(plan.environments, observations)) +
         SharedRegion::bytes_for<float>(floats(plan.environments, 1)) +
         SharedRegion::bytes_for<std::uint8_t>(floats(plan.environments, 1)) +
         SharedRegion::bytes_for<std::byte>(state_bytes_of(plan.layout, plan.environments));
}

OutcomeRows carve_rows(SharedRegion& region, const CollectionPlan& plan) {
  OutcomeRows rows;
  rows.observations = region.carve<float>(floats(plan.environments, plan.layout.observation_size)).data();
  rows.rewards = region.carve<float>(floats(plan.environments, 1)).data();
  rows.ends = region.carve<std::uint8_t>(floats(plan.environments, 1)).data();
  rows.final_observations = region.carve<float>(floats(plan.environments, plan.layout.observation_size)).data();
  rows.states = region.carve<std::byte>(state_bytes_of(plan.layout, plan.environments)).data();
  return rows;
}

const CollectionPlan& checked(const CollectionPlan& plan) {
  check_plan(plan);
  return plan;
}

}  // namespace

ProcessStepLink::ProcessStepLink(const CollectionPlan& plan, const EnvironmentBatchFactory& make_batch)
    : plan_(checked(plan)),
      region_("actions and outcomes",
              SharedRegion::bytes_for<float>(floats(plan.environments, plan.layout.action_size)) + rows_bytes(plan) +
                  SharedRegion::bytes_for<Step>(1) + SharedRegion::bytes_for<Answer>(floats(plan.workers, 1))),
      actions_(region_.carve<float>(floats(plan.environments, plan.layout.action_size))),
      rows_(carve_rows(region_, plan)),
      step_(region_.make<Step>(plan.workers - 1)),
      answers_(region_.carve<Answer>(floats(plan.workers, 1))),
      worker_seconds_(floats(plan.workers - 1, 1)),
      share_(0, plan.working_together()) {
  processes_ = std::make_unique<ProcessGroup>(
      plan.workers, [&](int worker) { run_worker(worker, make_batch); }, [this] { tell_to_stop(); });
  request_precise_sleep();
}

void ProcessStepLink::run_worker(int worker, const EnvironmentBatchFactory& make_batch) {
  request_precise_sleep();
  keep_to_core_share(plan_.core_share_of(worker), plan_.working_together());
  slow_down_this_thread(plan_.slowness_of(worker));
  const EnvironmentRange range = environments_of(worker, plan_.workers, plan_.environments);
  const std::unique_ptr<EnvironmentBatch> batch = make_batch(range.first, range.count);
  const int observation_size = plan_.layout.observation_size;
  const float* actions = actions_.data() + range.first * plan_.layout.action_size;
  const Waiter waiter = waiter_for(plan_.working_together());
  double& seconds = answers_[static_cast<std::size_t>(worker)].header.collecting_seconds;

  for (std::uint32_t turn = 0;;) {
    turn = step_.gate.await_turn(turn, waiter);
    if (step_.end.load()) return;
    const double start_seconds = monotonic_seconds();
    if (turn == 1) {
      batch->observe(rows_.observations + range.first * observation_size);
    } else {
      batch->charge_step_cost(step_.command.flag != 0);
      batch->step(actions, step_.stop);
      take_outcomes(*batch, range.first, range.count, observation_size, rows_);
      const bool round_ends = (turn - 1) % static_cast<std::uint32_t>(plan_.layout.steps) == 0;
      if (round_ends && plan_.layout.state_bytes > 0) {
        batch->keep(rows_.states + state_bytes_of(plan_.layout, range.first));
      }
    }
    seconds += monotonic_seconds() - start_seconds;
    step_.gate.report();
  }
}

void ProcessStepLink::begin_round(bool charge_step_cost, const std::atomic<bool>& stop) {
  if (plan_.workers == 1) return;
  step_.stop.store(false);
  step_.command.flag = charge_step_cost ? 1 : 0;
  for (int worker = 1; worker < plan_.workers; ++worker) {
    answers_[static_cast<std::size_t>(worker)].header.collecting_seconds = 0.0;
    ledger_.add_message(Purpose::kControl, sizeof(RoundHeader));
  }
  if (observed_) return;
  step_.gate.start();
  await_workers(stop);
  for (int worker = 1; worker < plan_.workers; ++worker) {
    const int count = environments_of(worker, plan_.workers, plan_.environments).count;
    ledger_.add_message(Purpose::kTrajectories, observation_bytes(count, plan_.layout.observation_size));
  }
  observed_ = true;
}

void ProcessStepLink::start_step(const float* actions) {
  if (plan_.workers == 1) return;
  const double start_seconds = monotonic_seconds();
  std::copy_n(actions, actions_.size(), actions_.data());
  step_.gate.start();
  ledger_.add_transfer(Purpose::kTrajectories, monotonic_seconds() - start_seconds);
  for (int worker = 1; worker < plan_.workers; ++worker) {
    const int count = environments_of(worker, plan_.workers, plan_.environments).count;
    ledger_.add_message(Purpose::kTrajectories, action_bytes(count, plan_.layout.action_size));
  }
}

void ProcessStepLink::finish_step(const std::atomic<bool>& stop) {
  if (plan_.workers == 1) return;
  await_workers(stop);
  for (int worker = 1; worker < plan_.workers; ++worker) {
    const EnvironmentRange range = environments_of(worker, plan_.workers, plan_.environments);
    const int ended = count_ended(rows_.ends + range.first, range.count);
    ledger_.add_message(Purpose::kTrajectories, outcome_bytes(range.count, plan_.layout.observation_size, ended));
  }
}

void ProcessStepLink::await_workers(const std::atomic<bool>& stop) {
  const auto pass_stop_on = [&] {
    if (stop.load()) step_.stop.store(true);
  };
  pass_stop_on();
  const double start_seconds = monotonic_seconds();
  step_.gate.await_followers(waiter_for(plan_.working_together(), [&] {
    pass_stop_on();
    processes_->check_alive();
  }));
  ledger_.add_waiting(Purpose::kTrajectories, monotonic_seconds() - start_seconds);
}

void ProcessStepLink::end_round() {
  for (int worker = 1; worker < plan_.workers; ++worker) {
    const auto index = static_cast<std::size_t>(worker);
    worker_seconds_[index - 1].collecting = answers_[index].header.collecting_seconds;
    ledger_.add_message(Purpose::kControl, sizeof(RoundHeader));
    const int count = environments_of(worker, plan_.workers, plan_.environments).count;
    if (plan_.layout.state_bytes > 0) {
      ledger_.add_message(Purpose::kTrajectories, state_bytes_of(plan_.layout, count));
    }
  }
}

// Also after a worker has died in the middle of a step: then the others finish theirs first.
void ProcessStepLink::tell_to_stop() {
  step_.stop.store(true);
  step_.end.store(true);
  step_.gate.start();
}

}  // namespace prl

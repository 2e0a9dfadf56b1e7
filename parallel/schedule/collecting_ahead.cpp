#include "parallel/schedule/collecting_ahead.hpp"

#include <algorithm>
#include <utility>

#include "core/step_cost.hpp"
#include "parallel/collect/taken_steps.hpp"
#include "parallel/transport/core_share.hpp"

namespace prl {

CollectingAhead::CollectingAhead(const CollectionPlan& plan, EnvironmentRange own, std::unique_ptr<Collector> collector,
                                 long rounds, Charged charged)
    : plan_(plan),
      own_(own),
      collector_(std::move(collector)),
      rounds_(rounds),
      charged_(std::move(charged)),
      parameters_(plan.parameter_count),
      blocks_(plan.segment_bytes()),
      segment_(plan.layout, blocks_.data(), 0, plan.environments),
      thread_([this] { run(); }) {
  keep_to_core_share(0, plan.working_together());
}

CollectingAhead::~CollectingAhead() {
  stop_.store(true);
  if (under_way_) gate_.await_followers({});
  end_.store(true);
  gate_.start();
  thread_.join();
  leave_core_share();
}

void CollectingAhead::run() {
  request_precise_sleep();
  keep_to_core_share(plan_.core_share_of(0), plan_.working_together());
  const Waiter waiter = waiter_for(plan_.working_together());
  for (std::uint32_t turn = 0;;) {
    turn = gate_.await_turn(turn, waiter);
    if (end_.load()) return;
    try {
      complete_ = collector_->collect(stop_);
    } catch (...) {
      error_ = std::current_exception();
    }
    end_seconds_.store(monotonic_seconds());
    gate_.report();
  }
}

bool CollectingAhead::collect(const std::atomic<bool>& stop) {
  stop_of_caller_ = &stop;
  if (first_) begin();
  const double start_seconds = monotonic_seconds();
  await();
  ledger_.add_waiting(Purpose::kTrajectories, monotonic_seconds() - start_seconds);
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  if (!complete_ || stop.load()) return false;
  take();
  if (begun_ < rounds_) begin();
  return true;
}

void CollectingAhead::continue_at(long round, std::span<const float> parameters) {
  begun_ = round;
  continued_ = true;
  std::copy(parameters.begin(), parameters.end(), collector_->parameters().begin());
}

void CollectingAhead::begin() {
  const double start_seconds = monotonic_seconds();
  if (!first_ || !continued_) {
    std::copy_n(parameters_.data(), parameters_.size(), collector_->parameters().begin());
  }
  first_ = false;
  collector_->charge_step_cost(charged_(begun_));
  begin_seconds_ = monotonic_seconds();
  hand_out_seconds_ = begin_seconds_ - start_seconds;
  ++begun_;
  under_way_ = true;
  end_seconds_.store(0.0);
  gate_.start();
}

void CollectingAhead::await() {
  if (!under_way_) return;
  gate_.await_followers(waiter_for(plan_.working_together(), [this] {
    if (stop_of_caller_->load()) stop_.store(true);
  }));
  under_way_ = false;
}

void CollectingAhead::take() {
  const double start_seconds = monotonic_seconds();
  const SegmentView collected = collector_->segment();
  std::copy_n(collected.bytes(), collected.size_bytes(), blocks_.data());
  worker_seconds_ = collector_->worker_seconds();
  worker_steps_ = collector_->worker_steps();
  ledger_.add(collector_->ledger());
  collector_->ledger().reset();
  ledger_.add_message(Purpose::kWeights, plan_.parameter_bytes());
  ledger_.add_transfer(Purpose::kWeights, hand_out_seconds_);
  ledger_.add_message(Purpose::kTrajectories, crossing_bytes(segment_.part(own_.first, own_.count)));
  ledger_.add_transfer(Purpose::kTrajectories, monotonic_seconds() - start_seconds);
}

double CollectingAhead::seconds_ahead() const {
  if (!under_way_) return 0.0;
  const double end_seconds = end_seconds_.load();
  return (end_seconds > 0.0 ? end_seconds : monotonic_seconds()) - begin_seconds_;
}

void CollectingAhead::pause() { await(); }

}  // namespace prl

#include "parallel/collect/process_collector.hpp"
#include "parallel/collect/taken_steps.hpp"

#include <algorithm>

#include "core/step_cost.hpp"

namespace prl {
namespace {

const CollectionPlan& checked(const CollectionPlan& plan) {
  check_plan(plan);
  return plan;
}

std::size_t workers_of(const CollectionPlan& plan) { return static_cast<std::size_t>(plan.workers); }

}  // namespace

ProcessCollector::ProcessCollector(const CollectionPlan& plan, const ActorFactory& make_actor)
    : plan_(checked(plan)),
      region_("parameters and trajectories", SharedRegion::bytes_for<float>(plan.parameter_count) +
                                                 SharedRegion::bytes_for<std::byte>(plan.segment_bytes()) +
                                                 SharedRegion::bytes_for<Round>(1) +
                                                 SharedRegion::bytes_for<Answer>(workers_of(plan)) +
                                                 SharedRegion::bytes_for<EnvironmentRange>(workers_of(plan))),
      parameters_(region_.carve<float>(plan.parameter_count)),
      segment_(plan.layout, region_.carve<std::byte>(plan.segment_bytes()).data(), 0, plan.environments),
      round_(region_.make<Round>(plan.workers - 1)),
      answers_(region_.carve<Answer>(workers_of(plan))),
      ranges_(region_.carve<EnvironmentRange>(workers_of(plan))),
      division_(plan),
      share_(0, plan.working_together()) {
  set_ranges();
  processes_ = std::make_unique<ProcessGroup>(
      plan.workers, [&](int worker) { run_worker(worker, make_actor); }, [this] { tell_to_stop(); });
  own_part_ = part_of(0);
  actor_ = make_actor(own_part_.first(), own_part_.count());
  rounds_ = std::make_unique<CutRounds>(plan.cut_share, plan.workers, plan.layout.steps, round_.left, *actor_);
  request_precise_sleep();
}

SegmentView ProcessCollector::part_of(int worker) const {
  const EnvironmentRange& range = ranges_[static_cast<std::size_t>(worker)];
  return segment_.part(range.first, range.count);
}

void ProcessCollector::set_ranges() {
  for (int worker = 0; worker < plan_.workers; ++worker)
    ranges_[static_cast<std::size_t>(worker)] = division_.of(worker);
}

SegmentView ProcessCollector::next_part(int worker, const SegmentView& last_part, Actor& actor) const {
  const SegmentView part = part_of(worker);
  if (part.first() != last_part.first() || part.count() != last_part.count()) actor.take_over(part);
  return part;
}

void ProcessCollector::run_worker(int worker, const ActorFactory& make_actor) {
  request_precise_sleep();
  keep_to_core_share(plan_.core_share_of(worker), plan_.working_together());
  slow_down_this_thread(plan_.slowness_of(worker));
  SegmentView part = part_of(worker);
  const std::unique_ptr<Actor> actor = make_actor(part.first(), part.count());
  CutRounds rounds(plan_.cut_share, plan_.workers, plan_.layout.steps, round_.left, *actor);
  const Waiter waiter = waiter_for(plan_.working_together());
  RoundHeader& answer = answers_[static_cast<std::size_t>(worker)].header;
  for (std::uint32_t turn = 0;;) {
    turn = round_.gate.await_turn(turn, waiter);
    if (round_.end.load()) return;
    part = next_part(worker, part, *actor);
    actor->charge_step_cost(round_.command.flag != 0);
    const double start_seconds = monotonic_seconds();
    answer.flag = rounds.collect(parameters_.data(), part, round_.stop) ? 1 : 0;
    answer.collecting_seconds = monotonic_seconds() - start_seconds;
    round_.gate.report();
  }
}

bool ProcessCollector::collect(const std::atomic<bool>& stop) {
  round_.stop.store(false);
  start_round();
  slow_down_this_thread(plan_.slowness_of(0));
  own_part_ = next_part(0, own_part_, *actor_);
  actor_->charge_step_cost(charge_);
  const double start_seconds = monotonic_seconds();
  answers_[0].header.flag = rounds_->collect(parameters_.data(), own_part_, stop) ? 1 : 0;
  answers_[0].header.collecting_seconds = monotonic_seconds() - start_seconds;
  await_answers(stop);
  const bool complete =
      std::all_of(answers_.begin(), answers_.end(), [](const Answer& answer) { return answer.header.flag != 0; });
  if (plan_.by_speed && complete) {
    division_.observe(worker_seconds());
    set_ranges();
  }
  return complete;
}

void ProcessCollector::start_round() {
  if (plan_.workers == 1) return;
  const double start_seconds = monotonic_seconds();
  round_.command.flag = charge_ ? 1 : 0;
  round_.gate.start();
  ledger_.add_transfer(Purpose::kControl, monotonic_seconds() - start_seconds);
  for (int worker = 1; worker < plan_.workers; ++worker) {
    ledger_.add_message(Purpose::kControl, sizeof(RoundHeader));
    ledger_.add_message(Purpose::kWeights, plan_.parameter_bytes());
  }
  division_.count_messages(ledger_);
}

void ProcessCollector::await_answers(const std::atomic<bool>& stop) {
  if (plan_.workers == 1) return;
  const auto pass_stop_on = [&] {
    if (stop.load()) round_.stop.store(true);
  };
  pass_stop_on();
  const double start_seconds = monotonic_seconds();
  round_.gate.await_followers(waiter_for(plan_.working_together(), [&] {
    pass_stop_on();
    processes_->check_alive();
  }));
  ledger_.add_waiting(Purpose::kControl, monotonic_seconds() - start_seconds);
  for (int worker = 1; worker < plan_.workers; ++worker) {
    ledger_.add_message(Purpose::kControl, sizeof(RoundHeader));
    ledger_.add_message(Purpose::kTrajectories, crossing_bytes(part_of(worker)));
  }
}

std::vector<int> ProcessCollector::worker_environments() const {
  return plan_.by_speed ? division_.observed_counts() : std::vector<int>();
}

std::vector<WorkerSeconds> ProcessCollector::worker_seconds() const {
  std::vector<WorkerSeconds> seconds;
  for (const Answer& answer : answers_) seconds.push_back({answer.header.collecting_seconds});
  return seconds;
}

// Also after a worker has died in the middle of a round: then the others leave it first.
void ProcessCollector::tell_to_stop() {
  round_.stop.store(true);
  round_.end.store(true);
  round_.gate.start();
}

}  // namespace prl

#include "runner/split_rounds.hpp"

#include <fmt/format.h>

#include <utility>

#include "parallel/collect/collector.hpp"
#include "runner/central_rounds.hpp"
#include "runner/checkpoint.hpp"
#include "runner/joined_rounds.hpp"

namespace prl {

SplitRounds::SplitRounds(const RunConfiguration& c, const NetworkLayout& layout, SplitMember member)
    : checkpoint_(c.checkpoint),
      workers_(c.workers),
      environments_(c.environments),
      rounds_done_(rounds_done_before(c)),
      member_(std::move(member)),
      rounds_(c.cut_stragglers.value_or(0.0), c.workers, c.steps_per_environment(), *member_.left_rounds,
              *member_.actor),
      episodes_(c.environments / c.workers, c.solved_return) {
  const EnvironmentRange range = environments_of(member_.member, c.workers, c.environments);
  const SegmentLayout blocks = segment_layout(c);
  blocks_ = AlignedBuffer<std::byte>(blocks.block_bytes() * static_cast<std::size_t>(range.count));
  segment_ = SegmentView(blocks, blocks_.data(), range.first, range.count);
  learner_ = make_learner(c.rule, layout, learner_plan(c, {c.shards, member_.member, 1}), member_.storage);
  RunState state;
  add_own_state(state);
  restore_state(c, state);
}

void SplitRounds::await_members() {
  double nothing = 0.0;
  member_.agreement->sum({&nothing, 1});
}

bool SplitRounds::run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) {
  const double begin = monotonic_seconds();
  const bool complete = rounds_.collect(parameters().data(), segment_, stop);
  if (!complete) member_.shared_stop->store(true);
  const WorkerReport report = report_of(complete, segment_, episodes_, monotonic_seconds() - begin);
  const auto sum = [this](std::span<double> values) { sum_over_workers(values); };
  if (!join_reports(report, member_.member, workers_, sum, outcome)) return false;
  const double collected = monotonic_seconds();
  learn();
  outcome.seconds = {collected - begin, monotonic_seconds() - collected};
  if (checkpoint_.due_after(++rounds_done_)) keep();
  return true;
}

void SplitRounds::add_own_state(RunState& state) {
  const ParameterRange stepped = member_.agreement->stepped_range();
  state.hold_averages(stepped.begin, stepped.end);
  learner_->add_state(state);
  state.add_piece(kKeptReturns, episodes_.running(), static_cast<std::size_t>(segment_.first()),
                  static_cast<std::size_t>(environments_));
  state.set_owner(fmt::format("worker {}", member_.member));
  member_.agreement->add_state(state);
  state.set_owner("");
}

void SplitRounds::keep() {
  const CommunicationLedger before = member_.agreement->ledger();
  RunState own;
  add_own_state(own);
  add_environments(segment_, environments_, own);
  kept_.gather(own, member_.member, workers_, [this](std::span<double> values) { sum_over_workers(values); });
  member_.agreement->ledger() = before;
}

void SplitRounds::add_state(RunState& state) {
  state.add(kKeptParameters, parameters());
  add_own_state(state);
  add_environments(segment_, environments_, state);
  kept_.add_to(state);
}

void SplitRounds::learn() {
  learner_->ingest(segment_);
  member_.agreement->sum(learner_->joint_statistics());
  for (int update = 0; update < learner_->updates_due(); ++update) {
    learner_->compute_gradient(update, 0);
    member_.agreement->update(*learner_);
  }
  learner_->finish_round();
}

}  // namespace prl

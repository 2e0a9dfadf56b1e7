#include "runner/parameter_rounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "parallel/agree/share_parameters.hpp"
#include "parallel/collect/collection_plan.hpp"
#include "parallel/schedule/own_updates.hpp"
#include "runner/checkpoint.hpp"
#include "runner/joined_rounds.hpp"
#include "runner/parameter_agreement_of.hpp"
#include "runner/starting_parameters.hpp"

namespace prl {
namespace {

LearnerPlan plan_of_own_part(const RunConfiguration& c) {
  return {{1, 0, 1}, c.environments / c.workers, c.steps_per_environment(),
          c.seed,    c.rounds + c.warmup_rounds, segment_layout(c).cut_rows};
}

}  // namespace

ParameterRounds::ParameterRounds(const RunConfiguration& c, const NetworkLayout& layout, Transport& transport,
                                 std::unique_ptr<Actor> actor, std::atomic<bool>& shared_stop)
    : configuration_(c),
      transport_(transport),
      actor_(std::move(actor)),
      shared_stop_(shared_stop),
      sums_(transport),
      agree_every_(c.agree_every),
      all_rounds_(c.rounds + c.warmup_rounds),
      rounds_done_(rounds_done_before(c)),
      own_(layout.parameter_count),
      gradient_(layout.parameter_count),
      agreed_(layout.parameter_count),
      episodes_(c.environments / c.workers, c.solved_return) {
  const EnvironmentRange range = environments_of(transport.rank(), c.workers, c.environments);
  const SegmentLayout blocks = segment_layout(c);
  blocks_ = AlignedBuffer<std::byte>(blocks.block_bytes() * static_cast<std::size_t>(range.count));
  segment_ = SegmentView(blocks, blocks_.data(), range.first, range.count);
  if (transport.rank() == 0) start_parameters(c, layout, agreed_.span());
  share_parameters(transport, agreed_.span());
  std::copy_n(agreed_.data(), agreed_.size(), own_.data());
  agreement_ = make_parameter_agreement(c, transport, agreed_.span());
  if (c.gossips()) average_.emplace(transport, layout.parameter_count);
  learner_ = make_learner(c.rule, layout, plan_of_own_part(c), {own_.span(), {gradient_.span()}});
  RunState state;
  add_own_state(state);
  restore_state(c, state);
  weights_sent_before_ = weights_sent_;
  replay_counts_ = learner_->replay_counts();
  if (rounds_done_ > 0) join_replay_counts();
}

void ParameterRounds::add_own_state(RunState& state) {
  state.add_piece(kKeptReturns, episodes_.running(), static_cast<std::size_t>(segment_.first()),
                  static_cast<std::size_t>(configuration_.environments));
  state.set_owner(fmt::format("worker {}", transport_.rank()));
  state.add("own parameters", own_.span());
  learner_->add_state(state);
  agreement_->add_state(state);
  state.add_value("weights sent", weights_sent_);
  state.set_owner("");
}

void ParameterRounds::keep() {
  const CommunicationLedger before = transport_.ledger();
  weights_sent_ = weights_sent_before_ + before.of(Purpose::kWeights).bytes;
  RunState own;
  add_own_state(own);
  add_environments(segment_, configuration_.environments, own);
  kept_.gather(own, transport_.rank(), transport_.size(), [this](std::span<double> values) { sums_.add_up(values); });
  transport_.ledger() = before;
}

void ParameterRounds::add_state(RunState& state) {
  state.add(kKeptParameters, parameters());
  add_own_state(state);
  add_environments(segment_, configuration_.environments, state);
  kept_.add_to(state);
}

bool ParameterRounds::run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) {
  // Every worker's, not worker 0's alone.
  if (rounds_done_ == configuration_.warmup_rounds) {
    transport_.ledger().reset();
    weights_sent_before_ = 0;
  }
  const double begin = monotonic_seconds();
  const bool complete = actor_->collect(own_.data(), segment_, stop);
  const double collected = monotonic_seconds();
  if (!complete) shared_stop_.store(true);
  const WorkerReport report = report_of(complete, segment_, episodes_, collected - begin);
  if (complete) learn();
  const auto sum = [this](std::span<double> values) { sums_.add_up(values); };
  if (!join_reports(report, transport_.rank(), transport_.size(), sum, outcome)) {
    if (average_) average_members(outcome);
    return false;
  }
  join_replay_counts();
  ++rounds_done_;
  if (meeting_due()) {
    agreement_->meet(own_.span());
    learner_->take_agreed();
    if (!average_) std::copy_n(own_.data(), own_.size(), agreed_.data());
  }
  outcome.seconds = {collected - begin, monotonic_seconds() - collected};
  const bool looked_at = configuration_.evaluates_after(rounds_done_ - 1) || rounds_done_ == all_rounds_;
  if (average_ && looked_at) average_members(outcome);
  if (configuration_.checkpoint.due_after(rounds_done_)) keep();
  return true;
}

void ParameterRounds::learn() {
  learner_->ingest(SegmentView(segment_.layout(), segment_.bytes(), 0, segment_.count()));
  take_own_updates(*learner_);
}

void ParameterRounds::average_members(RoundOutcome& outcome) {
  outcome.members = average_->measure(own_.span(), weights_sent_before_);
  std::copy_n(average_->average().data(), agreed_.size(), agreed_.data());
}

void ParameterRounds::join_replay_counts() {
  const std::optional<ReplayCounts> own = learner_->replay_counts();
  if (!own) return;
  std::array<double, 3> counts = {static_cast<double>(own->added), static_cast<double>(own->sampled),
                                  static_cast<double>(own->size)};
  sums_.add_up(counts);
  replay_counts_ = {static_cast<long>(counts[0]), static_cast<long>(counts[1]), static_cast<long>(counts[2])};
}

}  // namespace prl

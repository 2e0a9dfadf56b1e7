#include "runner/split_rounds.hpp"

#include <utility>

#include "parallel/collect/collector.hpp"
#include "runner/central_rounds.hpp"
#include "runner/joined_rounds.hpp"

namespace prl {

SplitRounds::SplitRounds(const RunConfiguration& c, const NetworkLayout& layout, SplitMember member)
    : workers_(c.workers), member_(std::move(member)), episodes_(c.environments / c.workers, c.solved_return) {
  const EnvironmentRange range = environments_of(member_.member, c.workers, c.environments);
  const SegmentLayout blocks = segment_layout(c);
  blocks_ = AlignedBuffer<std::byte>(blocks.block_bytes() * static_cast<std::size_t>(range.count));
  segment_ = SegmentView(blocks, blocks_.data(), range.first, range.count);
  learner_ = make_learner(c.rule, layout, learner_plan(c, {c.shards, member_.member, 1}), member_.storage);
}

void SplitRounds::await_members() {
  double nothing = 0.0;
  member_.agreement->sum({&nothing, 1});
}

bool SplitRounds::run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) {
  const double begin = monotonic_seconds();
  const bool complete = member_.actor->collect(parameters().data(), segment_, stop);
  if (!complete) member_.shared_stop->store(true);
  const WorkerReport report = report_of(complete, segment_, episodes_, monotonic_seconds() - begin);
  const auto sum = [this](std::span<double> values) { member_.agreement->sum(values); };
  if (!join_reports(report, member_.member, workers_, sum, outcome)) return false;
  const double collected = monotonic_seconds();
  learn();
  outcome.seconds = {collected - begin, monotonic_seconds() - collected};
  return true;
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

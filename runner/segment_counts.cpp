#include "runner/segment_counts.hpp"

namespace prl {

SegmentCounts::SegmentCounts(int workers, std::size_t parameter_bytes, Purpose push_purpose,
                             std::optional<ReplayCounts> replay)
    : parameter_bytes_(parameter_bytes),
      push_purpose_(push_purpose),
      replays_(static_cast<std::size_t>(workers), replay) {}

void SegmentCounts::begin_round(RoundOutcome& outcome) {
  outcome.worker_collect_seconds.assign(replays_.size(), 0.0);
  outcome.worker_steps.assign(replays_.size(), 0);
  updates_ = 0;
}

void SegmentCounts::take(RoundOutcome& outcome, const SegmentReport& report) {
  if (report.worker == 0) outcome.seconds.learn += report.learning_seconds;
  outcome.training_return_sum += report.return_sum;
  outcome.training_episodes += report.episodes;
  if (report.steps_to_solved > 0 && !outcome.steps_to_solved) {
    outcome.steps_to_solved = outcome.environment_steps + report.steps_to_solved;
  }
  outcome.worker_steps[static_cast<std::size_t>(report.worker)] += report.environment_steps;
  outcome.environment_steps += report.environment_steps;
  outcome.worker_collect_seconds[static_cast<std::size_t>(report.worker)] += report.collecting_seconds;
  if (report.pushes > 0) outcome.lags.push_back(report.lag);
  updates_ += report.updates;
  std::optional<ReplayCounts>& replay = replays_[static_cast<std::size_t>(report.worker)];
  if (report.replay && report.replay->added < replay->added) {  // of a worker in the place of one that died
    replays_lost_.added += replay->added;
    replays_lost_.sampled += replay->sampled;
  }
  replay = report.replay;
  for (std::uint64_t pull = 0; pull < report.pulls; ++pull) {
    ledger_.add_message(Purpose::kWeights, parameter_bytes_);
  }
  for (std::uint64_t push = 0; push < report.pushes; ++push) {
    ledger_.add_message(push_purpose_, parameter_bytes_);
  }
  if (report.worker != 0) return;
  ledger_.add_transfer(Purpose::kWeights, report.pulling_seconds);
  ledger_.add_transfer(push_purpose_, report.pushing_seconds);
}

std::optional<ReplayCounts> SegmentCounts::replay_counts() const {
  std::optional<ReplayCounts> sum;
  for (const std::optional<ReplayCounts>& own : replays_) {
    if (!own) continue;
    if (!sum) sum.emplace(replays_lost_);
    sum->added += own->added;
    sum->sampled += own->sampled;
    sum->size += own->size;
  }
  return sum;
}

}  // namespace prl

// What rounds of workers that learn freely add up to, from the workers' reports of their segments.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "parallel/schedule/segment_tickets.hpp"
#include "runner/round_runner.hpp"

namespace prl {

class SegmentCounts {
 public:
  // Of copies and pushes of `parameter_bytes` each; pushes are counted as `push_purpose`. `replay` is what a worker's
  // learner says of its own at first.
  SegmentCounts(int workers, std::size_t parameter_bytes, Purpose push_purpose, std::optional<ReplayCounts> replay);

  void begin_round(RoundOutcome& outcome);
  void take(RoundOutcome& outcome, const SegmentReport& report);

  // Of the round.
  int updates() const { return updates_; }
  // Of all workers, as of the last segment that each has finished.
  std::optional<ReplayCounts> replay_counts() const;
  CommunicationLedger& ledger() { return ledger_; }

 private:
  std::size_t parameter_bytes_;
  Purpose push_purpose_;
  std::vector<std::optional<ReplayCounts>> replays_;  // by worker
  ReplayCounts replays_lost_;                         // what went through those of workers that died
  CommunicationLedger ledger_;
  int updates_ = 0;
};

}  // namespace prl

// The learner's account of segments that arrive in its queues: which of them count, how far behind their parameters are,
// and what crossed for them. The same wherever the actors are.
#pragma once

#include <cstdint>
#include <vector>

#include "parallel/collect/collection_plan.hpp"
#include "parallel/schedule/segment_source.hpp"
#include "parallel/transport/communication.hpp"

namespace prl {

class ArrivalAccount {
 public:
  explicit ArrivalAccount(const CollectionPlan& plan);

  // Takes the next segment that paid the step cost or did not, as `charged` says; others are released and noted as losses
  // of their actor. Throws what the waiter's watch throws.
  void take(TrajectoryQueues& queues, const Waiter& waiter, bool charged, SegmentSource::Arrival& arrival);

  // Counts the segment taken, and completes `arrival`; `published` versions there are so far.
  void count(std::uint64_t published, SegmentSource::Arrival& arrival);

  CommunicationLedger& ledger() { return ledger_; }

 private:
  CollectionPlan plan_;
  std::vector<std::uint64_t> last_version_;  // by actor, of its last segment; ~0 before
  std::vector<char> dropped_;                // by actor, whether segments were since its last arrival
  CommunicationLedger ledger_;
};

// Returns the plan. Throws std::invalid_argument if its environments are not shared evenly or the depth is below 1.
const CollectionPlan& checked_free_plan(const CollectionPlan& plan, int queue_depth);

// Of one actor's segment.
inline std::size_t free_segment_bytes(const CollectionPlan& plan) {
  return plan.segment_bytes() / static_cast<std::size_t>(plan.workers);
}

}  // namespace prl

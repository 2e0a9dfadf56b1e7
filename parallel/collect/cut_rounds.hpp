// A worker's rounds, which are cut early where the plan says so (core/early_cut.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "core/actor.hpp"
#include "core/early_cut.hpp"

namespace prl {

class CutRounds {
 public:
  // `share` as of CollectionPlan, 0 for whole rounds. `left` is seen by all workers; it and `actor` outlive this.
  CutRounds(double share, int workers, int steps, std::atomic<std::uint64_t>& left, Actor& actor) : actor_(actor) {
    if (share == 0.0) return;
    cut_.emplace(share, workers, steps, left);
    actor.cut_early(*cut_);
  }
  CutRounds(const CutRounds&) = delete;
  CutRounds& operator=(const CutRounds&) = delete;

  // Actor::collect().
  bool collect(const float* parameters, const SegmentView& out, const std::atomic<bool>& stop) {
    if (cut_) cut_->begin_round();
    const bool complete = actor_.collect(parameters, out, stop);
    if (cut_) cut_->leave_round();
    return complete;
  }

 private:
  Actor& actor_;
  std::optional<EarlyCut> cut_;
};

}  // namespace prl

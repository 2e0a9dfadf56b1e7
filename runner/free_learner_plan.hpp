// What workers that learn freely from their own segments have in common, whether they share memory or send messages: whose
// segment is how large, how a learner anneals, and how many segments may be begun.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/learner.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

// Rounds by which the others may be ahead of the one that worker 0 counts: enough that nobody waits for it.
inline constexpr std::uint64_t kRoundsAhead = 8;

// Whether workers learn on parameters of their own and merge these with a server's.
inline bool merges_parameters(const RunConfiguration& c) {
  return c.agreement == Agreement::kServer && c.server_takes == ServerTakes::kParameters;
}

// Whether every worker learns on parameters of its own.
inline bool learns_on_own(const RunConfiguration& c) {
  return merges_parameters(c) || c.agreement == Agreement::kGossip;
}

// A worker learns from its own segments, one at a time. Steps of shared parameters are annealed over the segments of all
// workers, which count together; steps of a worker's own over those that it has if all are equally fast. `start`: how
// often another took the worker's place; what is drawn beside the environments' numbers is not drawn twice.
inline LearnerPlan plan_of_segments(const RunConfiguration& c, std::uint32_t start = 0) {
  constexpr std::uint64_t kSeedsApart = 0x9e3779b97f4a7c15;
  return {{1, 0, 1},
          c.environments / c.workers,
          c.steps_per_environment(),
          c.seed + start * kSeedsApart,
          (c.rounds + c.warmup_rounds) * (learns_on_own(c) ? 1 : c.workers),
          segment_layout(c).cut_rows};
}

inline SegmentView segment_of(const RunConfiguration& c, int worker, std::byte* blocks) {
  const int count = c.environments / c.workers;
  return {segment_layout(c), blocks, worker * count, count};
}

// The segments that may be begun during a round, both counted from `first_round`, where a run goes on. No counted segment is begun in a warm-up round: its
// steps would not pay their cost.
inline std::uint64_t segments_open_in(const RunConfiguration& c, std::uint64_t round, std::uint64_t first_round = 0) {
  const auto warmup_rounds = static_cast<std::uint64_t>(c.warmup_rounds);
  const std::uint64_t last =
      round < warmup_rounds ? warmup_rounds : warmup_rounds + static_cast<std::uint64_t>(c.rounds);
  return (std::min(round + 1 + kRoundsAhead, last) - first_round) * static_cast<std::uint64_t>(c.workers);
}

}  // namespace prl

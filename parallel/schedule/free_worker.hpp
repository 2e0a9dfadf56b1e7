// One worker of several that learn side by side and wait for nobody: it collects a segment, learns from it, and goes on.
// What it fetches before and leaves behind after is its agreement's: hogwild_worker.hpp, server_worker.hpp.
#pragma once

#include <atomic>
#include <optional>

#include "core/actor.hpp"
#include "core/episode_returns.hpp"
#include "core/learner.hpp"
#include "parallel/schedule/segment_tickets.hpp"

namespace prl {

class FreeWorker {
 public:
  // `learner` computes from its parameters(), with which `actor` acts, and takes `segment`, the blocks of this worker's
  // environments, as the whole of its batch. All must outlive it. Episodes whose return exceeds `solved_return` count as
  // solved.
  FreeWorker(int worker, Actor& actor, Learner& learner, const SegmentView& segment,
             std::optional<double> solved_return);
  virtual ~FreeWorker() = default;

  // One segment. Returns false if it was given up because `stop` was set, before any update.
  bool work(const std::atomic<bool>& stop, SegmentReport& report);

  // Segment after segment, until they end.
  void serve(SegmentTickets& tickets, const Waiter& waiter);

 protected:
  int worker() const { return worker_; }
  Learner& learner() { return learner_; }

 private:
  // Before the segment: the parameters to act with.
  virtual void prepare(SegmentReport& report) = 0;
  // All updates that the ingested segment makes due.
  virtual void learn(SegmentReport& report) = 0;

  int worker_;
  Actor& actor_;
  Learner& learner_;
  SegmentView segment_;
  EpisodeReturns episodes_;
};

}  // namespace prl

// One worker of several that learn side by side on shared parameters, each for itself:
//
//   repeat   theta' <- theta                                  copied without a lock
//            collect a segment with theta', from own environments
//            for every update:  g from theta' and the segment;  step theta by g, without a lock;  theta' <- theta
//
// The copies between a segment's updates are left away after its last. With one worker every copy is what it has written
// itself, and the rule's lock-step rounds come out, bit by bit.
//
// Source: Mnih et al., "Asynchronous methods for deep reinforcement learning" (ICML 2016), algorithm S3 (A3C), of which
// this is the loop; the rule is the learner's.
//
// What is counted, with S bytes of parameters, of every worker: S of weights a copy, S of gradients an update.
#pragma once

#include <atomic>
#include <optional>

#include "core/actor.hpp"
#include "core/aligned_buffer.hpp"
#include "core/episode_returns.hpp"
#include "core/learner.hpp"
#include "parallel/agree/hogwild_parameters.hpp"
#include "parallel/schedule/segment_tickets.hpp"

namespace prl {

class HogwildWorker {
 public:
  // `learner` computes from its parameters(), the worker's copy, steps parameters.shared(worker), and takes `segment`, the
  // blocks of this worker's environments, as the whole of its batch. All must outlive it. Episodes whose return exceeds
  // `solved_return` count as solved.
  HogwildWorker(HogwildParameters& parameters, int worker, Actor& actor, Learner& learner, const SegmentView& segment,
                std::optional<double> solved_return = std::nullopt);

  // One segment. Returns false if it was given up because `stop` was set, before any update.
  bool work(const std::atomic<bool>& stop, SegmentReport& report);

  // Segment after segment, until they end.
  void serve(SegmentTickets& tickets, const Waiter& waiter);

 private:
  void pull(SegmentReport& report);
  void push(SegmentReport& report);

  HogwildParameters& parameters_;
  int worker_;
  Actor& actor_;
  Learner& learner_;
  SegmentView segment_;
  EpisodeReturns episodes_;
};

}  // namespace prl

// Turns between one leader and its followers, threads or processes: the leader starts a turn, each follower does its
// part and reports, the leader goes on when all have. What the leader wrote before the start is visible to the
// followers, what a follower wrote before its report to the leader.
#pragma once

#include <atomic>
#include <cstdint>

#include "parallel/transport/doorbell.hpp"

namespace prl {

class TurnGate {
 public:
  explicit TurnGate(int followers) : followers_(static_cast<std::uint32_t>(followers)) {}

  // Leader: starts the next turn. All followers must have reported the last one.
  void start() {
    unfinished_.store(followers_, std::memory_order_relaxed);
    turn_.store(turn_.load(std::memory_order_relaxed) + 1);
    started_.ring();
  }

  // Leader: blocks until every follower has reported.
  void await_followers(const Waiter& waiter) {
    finished_.wait([this] { return unfinished_.load() == 0; }, waiter);
  }

  // Follower: blocks until a turn after `last_turn` has started and returns its number. Turns count from 1.
  std::uint32_t await_turn(std::uint32_t last_turn, const Waiter& waiter) {
    started_.wait([this, last_turn] { return turn_.load() != last_turn; }, waiter);
    return last_turn + 1;
  }

  // Follower: its part of the turn is done.
  void report() {
    if (unfinished_.fetch_sub(1) == 1) finished_.ring();
  }

 private:
  const std::uint32_t followers_;
  alignas(kCacheLineBytes) std::atomic<std::uint32_t> turn_{0};
  alignas(kCacheLineBytes) std::atomic<std::uint32_t> unfinished_{0};
  Doorbell started_;
  Doorbell finished_;
};

}  // namespace prl

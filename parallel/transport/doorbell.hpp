// A place where participants sleep until one of them has changed something that the others wait for. Works between
// threads and, in shared memory, between processes. Ringing costs one load when nobody sleeps.
//
// No wake-up is lost, because of one rule on each side and the single order of sequentially consistent operations:
//
//   the changer   stores what the condition reads,   then loads sleepers_    (ring)
//   the sleeper   adds itself to sleepers_,          then reads the condition (wait)
//
// If the sleeper read the old value, its addition precedes the changer's load, which then rings. Hence both the store
// and the condition's loads are std::memory_order_seq_cst, the default.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/aligned_buffer.hpp"
#include "parallel/transport/waiting.hpp"

namespace prl {

class alignas(kCacheLineBytes) Doorbell {
 public:
  void ring() {
    if (sleepers_.load() == 0) return;
    rings_.fetch_add(1);
    futex_wake_all(rings_);
  }

  // Returns once condition() holds, or throws what the waiter's watch throws.
  template <typename Condition>
  void wait(const Condition& condition, const Waiter& waiter) {
    if (spin_until(condition, waiter.spin_seconds)) return;
    // A sleeper that is killed here stays counted, which costs the others a needless wake and nothing else.
    while (!sleep_until(condition, waiter.sleep_seconds())) {
      if (waiter.watch) waiter.watch();
    }
  }

 private:
  // Returns whether the condition came to hold before nobody had rung for `seconds`.
  template <typename Condition>
  bool sleep_until(const Condition& condition, double seconds) {
    sleepers_.fetch_add(1);
    bool holds = false;
    bool timed_out = false;
    while (!timed_out) {
      const std::uint32_t rings = rings_.load();
      holds = condition();
      if (holds) break;
      timed_out = !futex_wait(rings_, rings, seconds);
    }
    sleepers_.fetch_sub(1);
    return holds || condition();
  }

  std::atomic<std::uint32_t> rings_{0};
  std::atomic<std::uint32_t> sleepers_{0};
};

}  // namespace prl

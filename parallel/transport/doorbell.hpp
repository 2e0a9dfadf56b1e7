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

  // The same after stores that were not sequentially consistent, such as those of a library that passes messages.
  void ring_after_any_store() {
    rings_.fetch_add(1);  // orders the stores before the load that follows
    if (sleepers_.load() != 0) futex_wake_all(rings_);
  }

  // Where those that may be asleep here have died.
  void forget_sleepers() { sleepers_.store(0); }

  // Returns once condition() holds, or throws what the waiter's watch throws.
  template <typename Condition>
  void wait(const Condition& condition, const Waiter& waiter) {
    if (spin_until(condition, waiter.spin_seconds)) return;
    while (!sleep_until(condition, waiter.sleep_seconds())) {
      if (waiter.watch) waiter.watch();
    }
  }

  // Sleeps until condition() holds or nobody has rung for `seconds`. Returns whether it holds.
  template <typename Condition>
  bool sleep_until(const Condition& condition, double seconds) {
    // A sleeper that is killed stays counted, which costs the others a needless wake and nothing else.
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

 private:
  std::atomic<std::uint32_t> rings_{0};
  std::atomic<std::uint32_t> sleepers_{0};
};

}  // namespace prl

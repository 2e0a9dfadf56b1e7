// How a worker waits for another: it spins for a while where a core is free for every participant, and sleeps in the
// kernel otherwise. A hand-over to a spinning worker takes 0.2 us, waking a sleeping one about 30 us, but one that spins
// without a core of its own keeps the others from theirs.
#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <functional>

#include "parallel/transport/communication.hpp"

namespace prl {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "shared between processes: must not need a lock");
static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t), "the kernel's futex is a 32-bit word");

// Sleeps while `word` is `expected`, at most `seconds`; may return early. The word may lie in memory shared between
// processes. Returns false if the time ran out.
bool futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, double seconds);

// Wakes all that sleep on `word`.
void futex_wake_all(const std::atomic<std::uint32_t>& word);

// How one participant waits: it spins, then sleeps. A sleeper with a `watch` calls it about 100 times a second; what it
// throws ends the wait. This is how the death of a peer is noticed and Ctrl-C is passed on.
struct Waiter {
  double spin_seconds = 0.0;
  std::function<void()> watch;

  double sleep_seconds() const { return watch ? 0.01 : 3600.0; }
};

// The waiter for a set of `participants` of which all may wait or work at the same time.
Waiter waiter_for(int participants, std::function<void()> watch = {});

// Tells the core that this is a spinning loop.
inline void spin_pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Spins until condition() holds, at most about `seconds`. Returns whether it holds. Where other programs have taken the
// core of the one that is waited for, it may be ready to run on this one: so the core is offered now and then.
template <typename Condition>
bool spin_until(const Condition& condition, double seconds) {
  constexpr int kLooksPerOffer = 64;
  if (condition()) return true;
  if (seconds <= 0.0) return false;
  const double deadline = monotonic_seconds() + seconds;
  do {
    for (int look = 0; look < kLooksPerOffer; ++look) {
      spin_pause();
      if (condition()) return true;
    }
    sched_yield();
  } while (monotonic_seconds() < deadline);
  return false;
}

}  // namespace prl

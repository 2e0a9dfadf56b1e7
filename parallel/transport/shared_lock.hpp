// One holder at a time, among the threads of a process or, in shared memory, among processes. Who waits spins, then
// sleeps (parallel/transport/waiting.hpp); nobody is served in turn.
//
// The lock's word names the member that holds it (parallel/transport/process_group.hpp), so that a lock whose holder has
// died can be told from others, put right what it guarded, and opened or taken over, by whoever knows of that death.
#pragma once

#include <atomic>
#include <cstdint>

#include "parallel/transport/doorbell.hpp"
#include "parallel/transport/process_group.hpp"

namespace prl {

class SharedLock {
 public:
  // Throws what the waiter's watch throws: that is how a holder's death ends a wait that nobody else would.
  void lock(const Waiter& waiter) {
    const std::uint32_t own = word_of(own_member());
    for (std::uint32_t free = 0; !holder_.compare_exchange_strong(free, own); free = 0) {
      doorbell_.wait([this] { return holder_.load() == 0; }, waiter);
    }
  }

  void unlock() {
    holder_.store(0);
    doorbell_.ring();
  }

  // False for no member, -1.
  bool is_held_by(int member) const { return member >= 0 && holder_.load() == word_of(member); }

  // Unlocks it where a member that has died holds it. Returns whether it did.
  bool unlock_after(int member) {
    if (!is_held_by(member)) return false;
    unlock();
    return true;
  }

 private:
  static std::uint32_t word_of(int member) { return static_cast<std::uint32_t>(member) + 1; }

  std::atomic<std::uint32_t> holder_{0};  // 0: nobody
  Doorbell doorbell_;
};

// Holds a lock while it lives.
class SharedLockHold {
 public:
  SharedLockHold(SharedLock& lock, const Waiter& waiter) : lock_(lock) { lock_.lock(waiter); }
  // Takes it over where `dead`, a member that has died, holds it.
  SharedLockHold(SharedLock& lock, const Waiter& waiter, int dead) : lock_(lock) {
    if (!lock.is_held_by(dead)) lock_.lock(waiter);
  }
  ~SharedLockHold() { lock_.unlock(); }
  SharedLockHold(const SharedLockHold&) = delete;
  SharedLockHold& operator=(const SharedLockHold&) = delete;

 private:
  SharedLock& lock_;
};

}  // namespace prl

// One holder at a time, among the threads of a process or, in shared memory, among processes. Who waits spins, then
// sleeps (parallel/transport/waiting.hpp); nobody is served in turn.
#pragma once

#include <atomic>

#include "parallel/transport/doorbell.hpp"

namespace prl {

class SharedLock {
 public:
  // Throws what the waiter's watch throws: that is how a holder's death ends a wait that nobody else would.
  void lock(const Waiter& waiter) {
    while (held_.exchange(true)) {
      doorbell_.wait([this] { return !held_.load(); }, waiter);
    }
  }

  void unlock() {
    held_.store(false);
    doorbell_.ring();
  }

 private:
  std::atomic<bool> held_{false};
  Doorbell doorbell_;
};

// Holds a lock while it lives.
class SharedLockHold {
 public:
  SharedLockHold(SharedLock& lock, const Waiter& waiter) : lock_(lock) { lock_.lock(waiter); }
  ~SharedLockHold() { lock_.unlock(); }
  SharedLockHold(const SharedLockHold&) = delete;
  SharedLockHold& operator=(const SharedLockHold&) = delete;

 private:
  SharedLock& lock_;
};

}  // namespace prl

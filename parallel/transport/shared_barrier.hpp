// A barrier for the threads of a process, or, in shared memory, for processes: nobody passes before all have arrived.
#pragma once

#include <atomic>
#include <cstdint>

#include "parallel/transport/doorbell.hpp"

namespace prl {

class SharedBarrier {
 public:
  explicit SharedBarrier(int members) : members_(static_cast<std::uint32_t>(members)) {}

  // Blocks until all members have arrived; what they wrote before is visible to all of them after. When the waiter's
  // watch throws, the barrier is broken for good: the caller must give the other members up.
  void arrive_and_wait(const Waiter& waiter) {
    arrive_and_wait(waiter, [] {});
  }

  // The member that arrives last runs `completion` before anyone passes.
  template <typename Completion>
  void arrive_and_wait(const Waiter& waiter, const Completion& completion) {
    const std::uint32_t generation = generation_.load();
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
      completion();
      arrived_.store(0, std::memory_order_relaxed);
      generation_.store(generation + 1);
      doorbell_.ring();
    } else {
      doorbell_.wait([&] { return generation_.load() != generation; }, waiter);
    }
  }

 private:
  const std::uint32_t members_;
  alignas(kCacheLineBytes) std::atomic<std::uint32_t> arrived_{0};
  alignas(kCacheLineBytes) std::atomic<std::uint32_t> generation_{0};
  Doorbell doorbell_;
};

}  // namespace prl

// A worker that divides its environments over threads of its own: processes or MPI ranks with threads in each. Which
// thread steps an environment changes no byte, and nothing is sent: parameters are read and blocks written in place.
//
// Threads run on the cores of their worker's share (parallel/transport/core_share.hpp), which they inherit.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/actor.hpp"
#include "parallel/transport/turn_gate.hpp"

namespace prl {

class ThreadedActor final : public Actor {
 public:
  // The environments [first, first + count) in `threads` parts, as even as whole environments allow; the caller of
  // collect() is thread 0. `waiters`: threads of all workers of this machine together, by which waiting is chosen.
  // Throws std::invalid_argument for more threads than environments, std::system_error where no more are to be had.
  ThreadedActor(const ActorFactory& make_actor, int first, int count, int threads, int waiters);
  ~ThreadedActor() override;
  ThreadedActor(const ThreadedActor&) = delete;
  ThreadedActor& operator=(const ThreadedActor&) = delete;

  bool collect(const float* parameters, const SegmentView& out, const std::atomic<bool>& stop) override;
  void cut_early(const EarlyCut& cut) override;
  void charge_step_cost(bool charge) override;
  void start_anew(std::uint64_t step) override;

 private:
  // On a cache line of its own: threads write theirs at the same time.
  struct alignas(kCacheLineBytes) Part {
    std::unique_ptr<Actor> actor;
    int offset = 0;  // of its first environment among the worker's
    int count = 0;
    bool complete = false;
  };
  struct Round {
    const float* parameters = nullptr;
    const SegmentView* out = nullptr;
    const std::atomic<bool>* stop = nullptr;
  };

  void serve(Part& part);
  void collect_part(Part& part) const;
  void end();

  std::vector<Part> parts_;
  Round round_;
  TurnGate gate_;
  Waiter waiter_;
  std::atomic<bool> end_{false};
  std::vector<std::thread> threads_;
};

// A factory of workers with `threads` threads each; `make_actor` itself for one.
ActorFactory with_threads(ActorFactory make_actor, int threads, int workers);

}  // namespace prl

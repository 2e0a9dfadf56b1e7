// The updates of a round by several threads of one process, for one learner that holds all shards: each thread computes
// its shards' gradients, sums its range of them, and takes the optimiser step on it, with a barrier after each.
//
// Ranges go by shards, so the parameters' bits depend on the number of shards and not on the number of threads.
#pragma once

#include <atomic>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "core/learner.hpp"
#include "parallel/transport/shared_barrier.hpp"
#include "parallel/transport/turn_gate.hpp"

namespace prl {

class ThreadUpdate {
 public:
  // `learner` holds `shards` shards and must outlive this. Starts threads - 1 threads, which sleep between rounds;
  // thread 0 is the caller of run(). Throws std::invalid_argument unless 1 <= threads <= shards, std::system_error
  // where threads cannot be had.
  ThreadUpdate(Learner& learner, int shards, int threads);
  ~ThreadUpdate();
  ThreadUpdate(const ThreadUpdate&) = delete;
  ThreadUpdate& operator=(const ThreadUpdate&) = delete;

  // All updates_due() of the round, each with finish_update(). finish_round() is left to the caller. Rethrows what the
  // learner throws in any thread; the learner is then not to be used any more.
  void run();

 private:
  struct ShardRange {
    int begin = 0;
    int end = 0;
  };

  ShardRange shards_of(int thread) const;
  void serve(int thread);
  void run_updates(int thread);
  std::span<const float*> parts_of(int thread);
  void sum_ranges(int thread);
  void apply_ranges(int thread);
  void finish_update();
  // Runs one phase of a thread's update; a phase that throws makes all threads leave at the end of the update.
  template <typename Phase>
  void guard(const Phase& phase);

  Learner& learner_;
  int shards_;
  int threads_;
  AlignedBuffer<float> sum_;
  std::vector<double> square_sums_;  // by shard's range
  std::vector<const float*> parts_;  // scratch, a row of [shards] a thread
  SharedBarrier barrier_;
  TurnGate rounds_;
  Waiter waiter_;
  std::atomic<bool> end_{false};
  std::atomic<bool> failed_{false};
  bool leave_ = false;  // written by the last thread at an update's last barrier
  std::mutex error_mutex_;
  std::exception_ptr error_;
  std::vector<std::thread> workers_;
};

}  // namespace prl

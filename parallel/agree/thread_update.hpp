// The updates of a round by several threads of one process, for one learner that holds all shards: each thread computes
// its share of the gradients, sums its range of them, and takes the optimiser step on it.
//
// Threads stand in a grid, one column for each part of the gradient (Learner::gradient_parts()) as far as their number
// allows, with the shards divided among the rows of a column. A thread that has a part to itself, on all shards, sums and
// steps what it has computed and will read again: then no gradients and no parameters cross between cores but the few of
// blocks in which two parts meet. Threads of one column exchange gradients and parameters, so there is a barrier more.
//
//   T threads, P parts:   gcd(T, P) columns of T / gcd(T, P) rows, at most one row a shard
//
// Sums are over shards in order and the norm is over blocks in order (square_sum()), so the parameters' bits depend on the
// number of shards and not on the number of threads.
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

// Threads that share one part's shards, for that many threads and parts.
int threads_of_a_part(int threads, int parts);

class ThreadUpdate {
 public:
  // `learner` holds `shards` shards and must outlive this. Starts threads - 1 threads, which sleep between rounds;
  // thread 0 is the caller of run(). Throws std::invalid_argument where threads would have nothing to do,
  // std::system_error where threads cannot be had.
  ThreadUpdate(Learner& learner, int shards, int threads);
  ~ThreadUpdate();
  ThreadUpdate(const ThreadUpdate&) = delete;
  ThreadUpdate& operator=(const ThreadUpdate&) = delete;

  // All updates_due() of the round, each with finish_update(). finish_round() is left to the caller. Rethrows what the
  // learner throws in any thread; the learner is then not to be used any more.
  void run();

 private:
  struct IndexRange {
    int begin = 0;
    int end = 0;
  };

  // What a thread does of an update.
  struct Share {
    IndexRange parts;
    IndexRange shards;
    std::vector<std::size_t> blocks;      // whose sums it makes
    std::vector<ParameterRange> ranges;   // that it steps
    std::vector<const float*> gradients;  // scratch, one a shard
  };

  void divide_blocks();
  void give_block(Share& share, std::size_t block, bool joint);
  void serve(int thread);
  void run_updates(int thread);
  void compute_gradients(int update, const Share& share);
  void sum_block(std::size_t block, std::vector<const float*>& gradients);
  // By one thread, while the others wait at the barrier.
  void finish_sums();
  void finish_update();
  // Runs one phase of a thread's update; a phase that throws makes all threads leave at the end of the update.
  template <typename Phase>
  void guard(const Phase& phase);

  Learner& learner_;
  int shards_;
  int threads_;
  int rows_;  // threads that share a part
  AlignedBuffer<float> sum_;
  std::vector<ParameterRange> blocks_;       // of all shards' ranges, in order
  std::vector<double> block_square_sums_;    // by block
  std::vector<std::size_t> range_ends_;      // by shard: the first block after its range's
  std::vector<std::size_t> joint_blocks_;    // in which parts meet
  std::vector<Share> shares_;                // by thread
  std::vector<const float*> all_gradients_;  // scratch of finish_sums(), one a shard
  std::span<const float> gradient_;          // summed
  double gradient_square_sum_ = 0.0;
  SharedBarrier barrier_;
  TurnGate turns_;
  Waiter waiter_;
  std::atomic<bool> end_{false};
  std::atomic<bool> failed_{false};
  bool leave_ = false;  // written by the last thread at an update's last barrier
  std::mutex error_mutex_;
  std::exception_ptr error_;
  std::vector<std::thread> workers_;
};

}  // namespace prl

#include "parallel/agree/thread_update.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/agree/gradient_reduction.hpp"
#include "parallel/transport/core_share.hpp"

namespace prl {
namespace {

int checked(int threads, int shards) {
  if (threads < 1 || threads > shards) {
    throw std::invalid_argument(std::to_string(threads) + " learner threads for " + std::to_string(shards) +
                                " gradient shards: use 1 to " + std::to_string(shards) + " threads or more shards");
  }
  return threads;
}

}  // namespace

ThreadUpdate::ThreadUpdate(Learner& learner, int shards, int threads)
    : learner_(learner),
      shards_(shards),
      threads_(checked(threads, shards)),
      sum_(learner.parameters().size()),
      square_sums_(static_cast<std::size_t>(shards)),
      parts_(static_cast<std::size_t>(shards) * static_cast<std::size_t>(threads)),
      barrier_(threads),
      rounds_(threads - 1),
      waiter_(waiter_for(threads)) {
  try {
    for (int thread = 1; thread < threads; ++thread) workers_.emplace_back([this, thread] { serve(thread); });
  } catch (...) {
    end_.store(true);
    rounds_.start();
    for (std::thread& worker : workers_) worker.join();
    throw;
  }
}

ThreadUpdate::~ThreadUpdate() {
  end_.store(true);
  rounds_.start();
  for (std::thread& worker : workers_) worker.join();
  leave_core_share();
}

void ThreadUpdate::serve(int thread) {
  for (std::uint32_t turn = 0;;) {
    turn = rounds_.await_turn(turn, waiter_);
    if (end_.load()) return;
    run_updates(thread);
    rounds_.report();
  }
}

void ThreadUpdate::run() {
  rounds_.start();
  run_updates(0);
  rounds_.await_followers(waiter_);
  if (!error_) return;
  failed_.store(false);
  leave_ = false;
  std::rethrow_exception(std::exchange(error_, nullptr));
}

ThreadUpdate::ShardRange ThreadUpdate::shards_of(int thread) const {
  return {thread * shards_ / threads_, (thread + 1) * shards_ / threads_};
}

std::span<const float*> ThreadUpdate::parts_of(int thread) {
  const auto shards = static_cast<std::size_t>(shards_);
  return std::span(parts_).subspan(static_cast<std::size_t>(thread) * shards, shards);
}

template <typename Phase>
void ThreadUpdate::guard(const Phase& phase) {
  if (failed_.load(std::memory_order_relaxed)) return;
  try {
    phase();
  } catch (...) {
    const std::lock_guard lock(error_mutex_);
    if (!error_) error_ = std::current_exception();
    failed_.store(true);
  }
}

void ThreadUpdate::run_updates(int thread) {
  keep_to_core_share(thread, threads_);
  const ShardRange own = shards_of(thread);
  const int updates = learner_.updates_due();
  for (int update = 0; update < updates && !leave_; ++update) {
    guard([&] {
      for (int shard = own.begin; shard < own.end; ++shard) learner_.compute_gradient(update, shard);
    });
    barrier_.arrive_and_wait(waiter_);
    guard([&] { sum_ranges(thread); });
    barrier_.arrive_and_wait(waiter_);
    guard([&] { apply_ranges(thread); });
    barrier_.arrive_and_wait(waiter_, [this] { finish_update(); });
  }
}

void ThreadUpdate::sum_ranges(int thread) {
  const ShardRange shards = shards_of(thread);
  if (shards_ == 1) {
    square_sums_[0] = square_sum(learner_.gradient(0));
    return;
  }
  const std::span<const float*> parts = parts_of(thread);
  for (int shard = shards.begin; shard < shards.end; ++shard) {
    const ParameterRange range = range_of(shard, shards_, sum_.size());
    for (int s = 0; s < shards_; ++s) parts[static_cast<std::size_t>(s)] = learner_.gradient(s).data() + range.begin;
    sum_gradients(parts, range.size(), sum_.data() + range.begin);
    square_sums_[static_cast<std::size_t>(shard)] = square_sum({sum_.data() + range.begin, range.size()});
  }
}

void ThreadUpdate::apply_ranges(int thread) {
  const ShardRange shards = shards_of(thread);
  const std::size_t count = sum_.size();
  const ParameterRange range{range_of(shards.begin, shards_, count).begin,
                             range_of(shards.end - 1, shards_, count).end};
  const std::span<const float> gradient = shards_ == 1 ? learner_.gradient(0) : sum_.span();
  learner_.apply_gradient(range, gradient, sum_in_order(square_sums_));
}

// By one thread, while the others wait at the barrier.
void ThreadUpdate::finish_update() {
  guard([this] { learner_.finish_update(); });
  leave_ = failed_.load();
}

}  // namespace prl

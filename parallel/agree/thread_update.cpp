#include "parallel/agree/thread_update.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/agree/gradient_reduction.hpp"
#include "parallel/transport/core_share.hpp"

namespace prl {
namespace {

int checked(int threads, int shards, int parts) {
  if (threads >= 1 && threads_of_a_part(threads, parts) <= shards) return threads;
  throw std::invalid_argument(std::to_string(threads) + " learner threads for " + std::to_string(shards) +
                              " gradient shards of " + std::to_string(parts) + " parts: use 1 to " +
                              std::to_string(shards * parts) + " threads, a multiple of the parts, or more shards");
}

}  // namespace

int threads_of_a_part(int threads, int parts) { return threads / std::gcd(threads, parts); }

ThreadUpdate::ThreadUpdate(Learner& learner, int shards, int threads)
    : learner_(learner),
      shards_(shards),
      threads_(checked(threads, shards, learner.gradient_parts())),
      rows_(threads_of_a_part(threads, learner.gradient_parts())),
      sum_(shards == 1 ? 0 : learner.parameters().size()),
      shares_(static_cast<std::size_t>(threads)),
      all_gradients_(static_cast<std::size_t>(shards)),
      gradient_(shards == 1 ? learner.gradient(0) : sum_.span()),
      barrier_(threads),
      turns_(threads - 1),
      waiter_(waiter_for(threads)) {
  divide_blocks();
  try {
    for (int thread = 1; thread < threads; ++thread) workers_.emplace_back([this, thread] { serve(thread); });
  } catch (...) {
    end_.store(true);
    turns_.start();
    for (std::thread& worker : workers_) worker.join();
    throw;
  }
}

ThreadUpdate::~ThreadUpdate() {
  end_.store(true);
  turns_.start();
  for (std::thread& worker : workers_) worker.join();
  leave_core_share();
}

void ThreadUpdate::divide_blocks() {
  const int parts = learner_.gradient_parts();
  const int columns = threads_ / rows_;
  for (int thread = 0; thread < threads_; ++thread) {
    Share& share = shares_[static_cast<std::size_t>(thread)];
    const int column = thread / rows_;
    const int row = thread % rows_;
    share.parts = {column * parts / columns, (column + 1) * parts / columns};
    share.shards = {row * shards_ / rows_, (row + 1) * shards_ / rows_};
    share.gradients.resize(static_cast<std::size_t>(shards_));
  }
  const std::size_t count = learner_.parameters().size();
  std::vector<std::vector<std::size_t>> blocks_of_column(static_cast<std::size_t>(columns));
  const auto column_of = [&](std::size_t parameter) { return learner_.part_of_parameter(parameter) * columns / parts; };
  for (int shard = 0; shard < shards_; ++shard) {
    const ParameterRange range = range_of(shard, shards_, count);
    for (std::size_t begin = range.begin; begin < range.end; begin += kSquareSumBlock) {
      const ParameterRange block{begin, std::min(begin + kSquareSumBlock, range.end)};
      const int column = column_of(begin);
      bool joint = false;
      for (std::size_t i = block.begin; i < block.end; ++i) joint = joint || column_of(i) != column;
      if (joint) joint_blocks_.push_back(blocks_.size());
      blocks_of_column[static_cast<std::size_t>(column)].push_back(blocks_.size());
      blocks_.push_back(block);
    }
    range_ends_.push_back(blocks_.size());
  }
  block_square_sums_.resize(blocks_.size());
  for (int column = 0; column < columns; ++column) {
    const auto& own = blocks_of_column[static_cast<std::size_t>(column)];
    for (std::size_t k = 0; k < own.size(); ++k) {
      const auto row = static_cast<int>(k * static_cast<std::size_t>(rows_) / own.size());
      const bool joint = std::binary_search(joint_blocks_.begin(), joint_blocks_.end(), own[k]);
      give_block(shares_[static_cast<std::size_t>(column * rows_ + row)], own[k], joint);
    }
  }
}

void ThreadUpdate::give_block(Share& share, std::size_t block, bool joint) {
  if (!joint) share.blocks.push_back(block);
  const ParameterRange range = blocks_[block];
  if (!share.ranges.empty() && share.ranges.back().end == range.begin) {
    share.ranges.back().end = range.end;
  } else {
    share.ranges.push_back(range);
  }
}

void ThreadUpdate::serve(int thread) {
  for (std::uint32_t turn = 0;;) {
    turn = turns_.await_turn(turn, waiter_);
    if (end_.load()) return;
    run_updates(thread);
    turns_.report();
  }
}

void ThreadUpdate::run() {
  turns_.start();
  run_updates(0);
  turns_.await_followers(waiter_);
  if (!error_) return;
  failed_.store(false);
  leave_ = false;
  std::rethrow_exception(std::exchange(error_, nullptr));
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
  Share& share = shares_[static_cast<std::size_t>(thread)];
  const int updates = learner_.updates_due();
  for (int update = 0; update < updates && !leave_; ++update) {
    guard([&] { compute_gradients(update, share); });
    if (rows_ > 1) barrier_.arrive_and_wait(waiter_);
    guard([&] {
      for (const std::size_t block : share.blocks) sum_block(block, share.gradients);
    });
    barrier_.arrive_and_wait(waiter_, [this] { guard([this] { finish_sums(); }); });
    guard([&] {
      for (const ParameterRange range : share.ranges) learner_.apply_gradient(range, gradient_, gradient_square_sum_);
    });
    barrier_.arrive_and_wait(waiter_, [this] { finish_update(); });
  }
}

void ThreadUpdate::compute_gradients(int update, const Share& share) {
  const bool whole = share.parts.end - share.parts.begin == learner_.gradient_parts();
  for (int shard = share.shards.begin; shard < share.shards.end; ++shard) {
    if (whole) {
      learner_.compute_gradient(update, shard);
      continue;
    }
    for (int part = share.parts.begin; part < share.parts.end; ++part) {
      learner_.compute_gradient_part(update, shard, part);
    }
  }
}

void ThreadUpdate::sum_block(std::size_t block, std::vector<const float*>& gradients) {
  const ParameterRange range = blocks_[block];
  if (shards_ > 1) {
    for (int shard = 0; shard < shards_; ++shard) {
      gradients[static_cast<std::size_t>(shard)] = learner_.gradient(shard).data() + range.begin;
    }
    sum_gradients(gradients, range.size(), sum_.data() + range.begin);
  }
  block_square_sums_[block] = square_sum(gradient_.subspan(range.begin, range.size()));
}

void ThreadUpdate::finish_sums() {
  for (const std::size_t block : joint_blocks_) sum_block(block, all_gradients_);
  gradient_square_sum_ = 0.0;
  std::size_t block = 0;
  for (const std::size_t end : range_ends_) {
    double range_sum = 0.0;
    for (; block < end; ++block) range_sum += block_square_sums_[block];
    gradient_square_sum_ += range_sum;
  }
}

void ThreadUpdate::finish_update() {
  guard([this] { learner_.finish_update(); });
  leave_ = failed_.load();
}

}  // namespace prl

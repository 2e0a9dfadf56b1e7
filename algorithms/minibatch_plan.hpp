// Which samples of a round go into which minibatch, for every shard.
//
// Each epoch every shard shuffles its own samples (Fisher-Yates, random numbers keyed by seed, round, epoch and shard) and
// cuts them into as many parts as there are minibatches. Minibatch u is the union of the shards' parts u. With one shard
// this is the usual shuffled minibatch; with several it is stratified by shard, so a holder of one shard needs no
// sample of another, and the union is the same whoever holds the shards.
//
// In rounds that were cut early (core/early_cut.hpp) a shard has fewer samples than planned. There are as many minibatches
// as planned all the same, as in DD-PPO, and each is smaller.
#pragma once

#include <cstdint>
#include <span>

namespace prl {

class MinibatchPlan {
 public:
  // `samples` of a round and of a `minibatch` count all shards together. As many minibatches as needed are cut, none with
  // more than `minibatch` samples; their sizes differ by one at most, and so do one shard's parts. Throws
  // std::invalid_argument if a shard would have no sample in a minibatch.
  MinibatchPlan(int samples, int minibatch, int epochs, int shards);

  int updates() const { return epochs_ * minibatches_; }
  int minibatches() const { return minibatches_; }

  // Samples [first, first + count) of the round, in environment order, belong to `shard`.
  int first_sample(int shard) const;
  int sample_count(int shard) const { return first_sample(shard + 1) - first_sample(shard); }

  // Rows that `shard` gives to update `update`, and rows of all shards together.
  int rows(int update, int shard) const;
  int total_rows(int update) const;
  int most_rows() const;

  // Shuffles the samples of `shard` for every epoch of round `round`; `order` holds epochs * n indices into the shard's n
  // samples, which are sample_count(shard), or fewer in a round that was cut early.
  void shuffle(std::uint64_t seed, std::uint64_t round, int shard, std::span<int> order) const;

  // The rows of `order` that make up this shard's part of `update`.
  std::span<const int> part(std::span<const int> order, int update, int shard) const;

 private:
  // Where the part of `shard` in `minibatch` begins among the shard's `count` shuffled samples.
  int part_begin(int shard, int count, int minibatch) const;
  // The samples of a shard, by the size of its order.
  int count_of(std::size_t order_size) const { return static_cast<int>(order_size) / epochs_; }

  int samples_;
  int epochs_;
  int shards_;
  int minibatches_;
};

}  // namespace prl

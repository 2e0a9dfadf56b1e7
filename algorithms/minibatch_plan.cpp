#include "algorithms/minibatch_plan.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/random.hpp"

namespace prl {

MinibatchPlan::MinibatchPlan(int samples, int minibatch, int epochs, int shards)
    : samples_(samples), epochs_(epochs), shards_(shards), minibatches_(0) {
  if (samples < 1 || minibatch < 1 || epochs < 1 || shards < 1) {
    throw std::invalid_argument("samples, minibatch, epochs and shards must be at least 1");
  }
  minibatches_ = (samples - 1) / minibatch + 1;
  if (samples / shards < minibatches_) {
    throw std::invalid_argument("a minibatch of " + std::to_string(minibatch) + " cannot be shared by " +
                                std::to_string(shards) + " shards: give fewer shards or a larger --minibatch");
  }
}

int MinibatchPlan::first_sample(int shard) const {
  return static_cast<int>(static_cast<long long>(samples_) * shard / shards_);
}

int MinibatchPlan::part_begin(int shard, int count, int minibatch) const {
  // The longer parts are a run of minibatches that starts where the previous shard's run ended, and goes round: so the
  // joined minibatches are even, too.
  const int longer = count % minibatches_;
  const int first_longer = first_sample(shard) % minibatches_;
  const int gone_round = std::max(0, first_longer + longer - minibatches_);
  return count / minibatches_ * minibatch + std::clamp(minibatch - first_longer, 0, longer) +
         std::min(minibatch, gone_round);
}

int MinibatchPlan::rows(int update, int shard) const {
  const int minibatch = update % minibatches_;
  const int count = sample_count(shard);
  return part_begin(shard, count, minibatch + 1) - part_begin(shard, count, minibatch);
}

int MinibatchPlan::total_rows(int update) const {
  int total = 0;
  for (int shard = 0; shard < shards_; ++shard) total += rows(update, shard);
  return total;
}

int MinibatchPlan::most_rows() const {
  int most = 0;
  for (int shard = 0; shard < shards_; ++shard) {
    most = std::max(most, (sample_count(shard) - 1) / minibatches_ + 1);
  }
  return most;
}

void MinibatchPlan::shuffle(std::uint64_t seed, std::uint64_t round, int shard, std::span<int> order) const {
  const int count = count_of(order.size());
  for (int epoch = 0; epoch < epochs_; ++epoch) {
    const auto part = order.subspan(static_cast<std::size_t>(epoch) * static_cast<std::size_t>(count),
                                    static_cast<std::size_t>(count));
    std::iota(part.begin(), part.end(), 0);
    Rng rng(seed, RandomPurpose::kShuffle, static_cast<std::uint32_t>(shard),
            round * static_cast<std::uint64_t>(epochs_) + static_cast<std::uint64_t>(epoch));
    for (std::size_t i = part.size(); i > 1; --i) {
      std::swap(part[i - 1], part[rng.below(static_cast<std::uint32_t>(i))]);
    }
  }
}

std::span<const int> MinibatchPlan::part(std::span<const int> order, int update, int shard) const {
  const auto epoch = static_cast<std::size_t>(update / minibatches_);
  const int minibatch = update % minibatches_;
  const int count = count_of(order.size());
  const int begin = part_begin(shard, count, minibatch);
  return order.subspan(epoch * static_cast<std::size_t>(count) + static_cast<std::size_t>(begin),
                       static_cast<std::size_t>(part_begin(shard, count, minibatch + 1) - begin));
}

}  // namespace prl

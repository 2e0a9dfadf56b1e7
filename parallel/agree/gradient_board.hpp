// What the holders of a batch's shards share when they join gradients in shared memory: one copy of the parameters, a
// gradient a shard, and the barrier between the steps of an update. Made before the members are.
#pragma once

#include <cstddef>
#include <span>

#include "core/learner.hpp"
#include "parallel/transport/communication.hpp"
#include "parallel/transport/shared_barrier.hpp"
#include "parallel/transport/shared_region.hpp"

namespace prl {

class GradientBoard {
 public:
  // Doubles a member can put up for a sum at a time.
  static constexpr std::size_t kSlotDoubles = 512;

  // Throws std::runtime_error where there is no memory, std::invalid_argument for less than one member or shard.
  GradientBoard(int members, int shards_per_member, std::size_t parameter_count);

  int members() const { return members_; }
  int shards_per_member() const { return shards_per_member_; }
  int shards() const { return members_ * shards_per_member_; }

  // Where the learners of all members keep their parameters, and where a member's learner keeps its gradients.
  std::span<float> parameters() { return parameters_; }
  std::span<float> gradient(int member, int shard) { return gradient_of_shard(member * shards_per_member_ + shard); }

  std::span<float> gradient_of_shard(int shard) {
    return gradients_.subspan(static_cast<std::size_t>(shard) * stride_, parameters_.size());
  }
  // The summed gradient; its ranges are written and read by the members that own them.
  std::span<float> sum() { return sum_; }
  // Of each shard's range of the sum.
  std::span<double> square_sums() { return square_sums_; }
  // Two slots a member, used in turn.
  std::span<double> slot(int member, int turn) {
    return slots_.subspan(static_cast<std::size_t>(2 * member + turn) * kSlotDoubles, kSlotDoubles);
  }
  SharedBarrier& barrier() { return barrier_; }
  CommunicationLedger& ledger(int member) { return ledgers_[static_cast<std::size_t>(member)]; }

 private:
  int members_;
  int shards_per_member_;
  std::size_t stride_;  // floats from one gradient to the next, whole cache lines
  SharedRegion region_;
  std::span<float> parameters_;
  std::span<float> gradients_;
  std::span<float> sum_;
  std::span<double> square_sums_;
  std::span<double> slots_;
  std::span<CommunicationLedger> ledgers_;
  SharedBarrier& barrier_;
};

}  // namespace prl

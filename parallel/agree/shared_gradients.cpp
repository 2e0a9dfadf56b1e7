#include "parallel/agree/shared_gradients.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "parallel/agree/gradient_reduction.hpp"

namespace prl {

SharedGradients::SharedGradients(GradientBoard& board, int member, std::function<void()> watch)
    : board_(board),
      member_(member),
      waiter_(waiter_for(board.members(), std::move(watch))),
      parts_(static_cast<std::size_t>(board.shards())),
      share_(member, board.members()) {}

void SharedGradients::wait_for_all(Purpose purpose) {
  const double start_seconds = monotonic_seconds();
  board_.barrier().arrive_and_wait(waiter_);
  ledger().add_waiting(purpose, monotonic_seconds() - start_seconds);
}

// A slot is written again two sums later. By then all members have passed the barrier of the sum between, which they
// reach after reading.
void SharedGradients::sum(std::span<double> values) {
  while (!values.empty()) {
    const std::span<double> part = values.first(std::min(values.size(), GradientBoard::kSlotDoubles));
    std::copy(part.begin(), part.end(), board_.slot(member_, turn_).begin());
    wait_for_all(Purpose::kControl);
    std::fill(part.begin(), part.end(), 0.0);
    for (int member = 0; member < board_.members(); ++member) {
      const std::span<const double> slot = board_.slot(member, turn_);
      for (std::size_t i = 0; i < part.size(); ++i) part[i] += slot[i];
      if (member != member_) ledger().add_message(Purpose::kControl, part.size_bytes());
    }
    turn_ = 1 - turn_;
    values = values.subspan(part.size());
  }
}

void SharedGradients::update(Learner& learner) {
  check_storage(learner);
  wait_for_all(Purpose::kGradients);
  const double start_seconds = monotonic_seconds();
  sum_own_ranges();
  ledger().add_transfer(Purpose::kGradients, monotonic_seconds() - start_seconds);
  wait_for_all(Purpose::kControl);
  learner.apply_gradient(range_of_member(member_), board_.sum(), sum_in_order(board_.square_sums()));
  wait_for_all(Purpose::kGradients);
  learner.finish_update();
  count_update();
}

void SharedGradients::check_storage(Learner& learner) const {
  bool same = learner.parameters().data() == board_.parameters().data();
  for (int shard = 0; shard < board_.shards_per_member(); ++shard) {
    same = same && learner.gradient(shard).data() == board_.gradient(member_, shard).data();
  }
  if (!same)
    throw std::logic_error("a learner that shares gradients must keep its parameters and gradients on the board");
}

ParameterRange SharedGradients::range_of_member(int member) const {
  const int first = member * board_.shards_per_member();
  const int last = first + board_.shards_per_member() - 1;
  const std::size_t count = board_.parameters().size();
  return {range_of(first, board_.shards(), count).begin, range_of(last, board_.shards(), count).end};
}

void SharedGradients::sum_own_ranges() {
  for (int own = 0; own < board_.shards_per_member(); ++own) {
    const int shard = member_ * board_.shards_per_member() + own;
    const ParameterRange range = range_of(shard, board_.shards(), board_.parameters().size());
    for (int s = 0; s < board_.shards(); ++s) {
      parts_[static_cast<std::size_t>(s)] = board_.gradient_of_shard(s).data() + range.begin;
    }
    const std::span<float> sum = board_.sum().subspan(range.begin, range.size());
    sum_gradients(parts_, range.size(), sum.data());
    board_.square_sums()[static_cast<std::size_t>(shard)] = square_sum(sum);
  }
}

void SharedGradients::count_update() {
  const auto shards_each = static_cast<std::size_t>(board_.shards_per_member());
  const std::size_t own_bytes = range_of_member(member_).size() * sizeof(float);
  for (int member = 0; member < board_.members(); ++member) {
    if (member == member_) continue;
    ledger().add_message(Purpose::kGradients, own_bytes * shards_each);
    ledger().add_message(Purpose::kControl, sizeof(double) * shards_each);
    ledger().add_message(Purpose::kGradients, range_of_member(member).size() * sizeof(float));
  }
}

}  // namespace prl

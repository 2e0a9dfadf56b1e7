// A synchronous parameter server in memory that its N members share, divided over them by range of the parameters:
//
//   theta <- theta + (1/N) sum_i (theta_i - theta),   theta_i <- theta
//
// theta: the parameters of the last meeting, zeros at the first; theta_i: member i's own. Source: document D2, section
// 4.1; the mean is parallel/agree/mean_of_members.hpp's.
//
// A meeting moves 2 S (N - 1) bytes over all members, S of parameters: a range's server reads the others' parts of it,
// and the others read what came out. A member counts what it reads. Two barriers a meeting.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "parallel/agree/mean_of_members.hpp"
#include "parallel/agree/parameter_agreement.hpp"
#include "parallel/transport/shared_barrier.hpp"
#include "parallel/transport/shared_region.hpp"

namespace prl {

// What the members share.
template <typename Scalar>
class AverageBoard {
 public:
  static std::size_t bytes(int members, std::size_t count) {
    const auto slots = static_cast<std::size_t>(members);
    return SharedRegion::bytes_for<SharedBarrier>(1) + SharedRegion::bytes_for<CommunicationLedger>(slots) +
           (slots + 1) * SharedRegion::bytes_for<Scalar>(count);
  }

  AverageBoard(SharedRegion& region, int members, std::size_t count)
      : barrier_(region.make<SharedBarrier>(members)),
        members_(members),
        count_(count),
        ledgers_(region.carve<CommunicationLedger>(static_cast<std::size_t>(members))),
        average_(region.carve<Scalar>(count)),
        slots_(region.carve<Scalar>(static_cast<std::size_t>(members) * count)) {}

  int members() const { return members_; }
  std::size_t count() const { return count_; }
  SharedBarrier& barrier() { return barrier_; }
  CommunicationLedger& ledger(int member) { return ledgers_[static_cast<std::size_t>(member)]; }
  std::span<Scalar> average() { return average_; }
  std::span<Scalar> slot(int member) { return slots_.subspan(static_cast<std::size_t>(member) * count_, count_); }

 private:
  SharedBarrier& barrier_;
  int members_;
  std::size_t count_;
  std::span<CommunicationLedger> ledgers_;
  std::span<Scalar> average_;
  std::span<Scalar> slots_;
};

template <typename Scalar>
class SharedAverage final : public ParameterAgreement<Scalar> {
 public:
  // `board` must outlive it.
  SharedAverage(AverageBoard<Scalar>& board, int member, Waiter waiter)
      : board_(board),
        member_(member),
        waiter_(std::move(waiter)),
        first_(first_of(member)),
        last_(first_of(member + 1)) {
    for (int other = 0; other < board.members(); ++other) parts_.push_back(board.slot(other).data() + first_);
  }

  Meeting meet(std::span<Scalar> parameters) override {
    std::copy(parameters.begin(), parameters.end(), board_.slot(member_).begin());
    wait_for_all();
    move_to_mean<Scalar>(board_.average().subspan(first_, last_ - first_), parts_);
    wait_for_all();
    std::copy(board_.average().begin(), board_.average().end(), parameters.begin());
    count_meeting();
    return {};
  }

  CommunicationLedger& ledger() override { return board_.ledger(member_); }

 private:
  std::size_t first_of(int member) const {
    return board_.count() * static_cast<std::size_t>(member) / static_cast<std::size_t>(board_.members());
  }

  void wait_for_all() {
    const double start_seconds = monotonic_seconds();
    board_.barrier().arrive_and_wait(waiter_);
    ledger().add_waiting(Purpose::kWeights, monotonic_seconds() - start_seconds);
  }

  void count_meeting() {
    const std::size_t own = (last_ - first_) * sizeof(Scalar);
    for (int other = 0; other < board_.members(); ++other) {
      if (other == member_) continue;
      ledger().add_message(Purpose::kWeights, own);
      ledger().add_message(Purpose::kWeights, (first_of(other + 1) - first_of(other)) * sizeof(Scalar));
    }
  }

  AverageBoard<Scalar>& board_;
  int member_;
  Waiter waiter_;
  std::size_t first_;  // of the range that this member serves
  std::size_t last_;
  std::vector<const Scalar*> parts_;  // of that range, by member
};

}  // namespace prl

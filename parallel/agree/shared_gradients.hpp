// Gradients joined in shared memory, by threads of one process or by forked processes, each with a learner of its own
// whose storage is on the board. Nothing is copied: a member reads the others' gradients where they were computed, and
// its step on its range of the one copy of the parameters is the all-gather. Three barriers an update.
//
// What is counted, for P members with k shards each and S bytes of parameters, an update, over all members:
//   gradients      k S (P - 1) + S (P - 1)    read of others' gradients, and of others' ranges of the parameters
//   control        8 P (P - 1) k              square sums
// and for a sum of n doubles 8 n P (P - 1) of control. A member counts what it reads. Reading and adding gradients are
// one pass, whose time is `transfer_seconds`; the time at barriers is `waiting_seconds`.
#pragma once

#include <functional>
#include <vector>

#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/agree/gradient_board.hpp"
#include "parallel/transport/core_share.hpp"

namespace prl {

class SharedGradients final : public GradientAgreement {
 public:
  // `watch` is called while this member sleeps and may throw (parallel/transport/waiting.hpp): member 0 looks after the
  // others there. `board` must outlive it.
  SharedGradients(GradientBoard& board, int member, std::function<void()> watch = {});

  void sum(std::span<double> values) override;
  // Throws std::logic_error if the learner's storage is not the board's.
  void update(Learner& learner) override;
  ParameterRange stepped_range() const override { return range_of_member(member_); }
  CommunicationLedger& ledger() override { return board_.ledger(member_); }

 private:
  void wait_for_all(Purpose purpose);
  void check_storage(Learner& learner) const;
  void sum_own_ranges();
  void count_update();
  // The ranges of a member's shards lie one after the other.
  ParameterRange range_of_member(int member) const;

  GradientBoard& board_;
  int member_;
  Waiter waiter_;
  int turn_ = 0;
  std::vector<const float*> parts_;
  CoreShare share_;
};

}  // namespace prl

// Gradients joined by messages, for learners that share no memory: reduce-scatter, optimiser step on the own range,
// all-gather (gradient_agreement.hpp), by whichever collective.
//
// What is counted, for P members and S bytes of parameters, an update, over all members:
//   gradients      2 S (P - 1)      (halving-doubling with P no power of two: 2 S (P - 1) too, less evenly divided)
//   control        8 P (P - 1)      square sums
// and for a sum of n doubles 8 n P (P - 1) of control. A member counts what it sends.
#pragma once

#include <memory>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/agree/gradient_collective.hpp"
#include "parallel/agree/ordered_sum.hpp"

namespace prl {

class TransportGradients final : public GradientAgreement {
 public:
  // A member's learner holds `shards_per_member` shards; their gradients are added before they are sent. `transport`
  // must outlive it. Throws std::invalid_argument for less than one shard.
  TransportGradients(Transport& transport, std::size_t parameter_count, int shards_per_member = 1);
  // With a collective of the same transport and length.
  TransportGradients(Transport& transport, std::size_t parameter_count, int shards_per_member,
                     std::unique_ptr<GradientCollective> collective);

  // In member order, whatever the collective.
  void sum(std::span<double> values) override { sums_.add_up(values); }
  void update(Learner& learner) override;
  ParameterRange stepped_range() const override { return collective_->own_range(); }
  CommunicationLedger& ledger() override { return transport_.ledger(); }

 private:
  std::span<const float> own_gradient(Learner& learner);

  Transport& transport_;
  std::unique_ptr<GradientCollective> collective_;
  int shards_;
  std::size_t parameter_count_;
  AlignedBuffer<float> local_sum_;  // of this member's shards, where there are several
  std::vector<const float*> parts_;
  OrderedSum sums_;
};

}  // namespace prl

// Gradients that cross in fewer bytes: every member sends its encoded gradient to every other, all decode all, and all
// take the whole optimiser step.
//
//   1. encode:      b_m = encode(g_m), with what earlier updates of member m left out where the codec keeps it
//   2. all-gather:  every member has b_0 .. b_{P-1}
//   3. sum:         g = ((decode(b_0) + decode(b_1)) + ..), in member order: the same bits on all members
//   4. apply:       every member steps all parameters
//
// What is counted, for P members and S_c bytes of an encoded gradient, an update, over all members:
//   gradients      S_c P (P - 1)
//
// Beside the sharded form (transport_gradients.hpp), which moves 2 S (P - 1): with two members a codec saves its whole
// ratio S / S_c, with P of them 2 / P of it, because sparse and rounded vectors can't be added on their way without being
// encoded anew. The optimiser's step is not divided. The seconds of encoding and decoding count as transfer.
#pragma once

#include <memory>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/agree/ordered_sum.hpp"
#include "parallel/transport/codec/codec.hpp"

namespace prl {

class CompressedGradients final : public GradientAgreement {
 public:
  // One shard a member. `codec` is this member's; those of all members have the same lengths. `transport` must outlive it.
  CompressedGradients(Transport& transport, std::size_t parameter_count, std::unique_ptr<Codec> codec);

  void sum(std::span<double> values) override { sums_.add_up(values); }
  void update(Learner& learner) override;
  ParameterRange stepped_range() const override { return {0, gradient_sum_.size()}; }
  void add_state(RunState& state) override;
  CommunicationLedger& ledger() override { return transport_.ledger(); }

 private:
  Transport& transport_;
  std::unique_ptr<Codec> codec_;
  OrderedSum sums_;
  PieceExchange pieces_;
  std::vector<AlignedBuffer<std::byte>> encoded_;  // by member
  AlignedBuffer<float> gradient_sum_;
  std::uint64_t updates_ = 0;
};

}  // namespace prl

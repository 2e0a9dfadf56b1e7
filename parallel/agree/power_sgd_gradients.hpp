// Gradients that cross as low-rank factors (parallel/transport/codec/power_sgd.hpp): each of the two factors is sent to
// every other member and summed in member order, and every member takes the whole optimiser step.
//
// What is counted, for P members and S_c = 4 (left + right) bytes of factors, an update, over all members:
//   gradients      S_c P (P - 1),  2 P (P - 1) messages
//
// Vogels et al. all-reduce the factors, 2 S_c (P - 1): the same for two members, less for more. Sent whole and added in
// member order, they have the same bits everywhere. The seconds of factoring count as transfer.
#pragma once

#include <vector>

#include "core/aligned_buffer.hpp"
#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/agree/ordered_sum.hpp"
#include "parallel/transport/codec/power_sgd.hpp"

namespace prl {

class PowerSgdGradients final : public GradientAgreement {
 public:
  // One shard a member; rank and seed are the same for all. `transport` must outlive it.
  PowerSgdGradients(Transport& transport, const NetworkLayout& layout, int rank, std::uint64_t seed);

  void sum(std::span<double> values) override { sums_.add_up(values); }
  void update(Learner& learner) override;
  ParameterRange stepped_range() const override { return {0, gradient_sum_.size()}; }
  void add_state(RunState& state) override { power_sgd_.add_state(state); }
  CommunicationLedger& ledger() override { return transport_.ledger(); }

 private:
  // One of the two messages.
  struct Factors {
    Factors(std::size_t count, int members);
    AlignedBuffer<float> sum;
    std::vector<AlignedBuffer<float>> parts;  // by member
  };
  std::span<float> own(Factors& factors) { return factors.parts[static_cast<std::size_t>(transport_.rank())].span(); }
  void sum_over_members(Factors& factors);
  // Runs work(), whose seconds count as transfer.
  template <typename Work>
  void timed(const Work& work);

  Transport& transport_;
  PowerSgd power_sgd_;
  OrderedSum sums_;
  PieceExchange pieces_;
  Factors left_;
  Factors right_;
  AlignedBuffer<float> gradient_sum_;
  std::vector<const float*> parts_;
};

}  // namespace prl

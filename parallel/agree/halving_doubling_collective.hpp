// Recursive halving for the sum, recursive doubling for the parameters (Thakur, Rabenseifner, Gropp 2005, section 4.5).
//
// With Q the largest power of two not above P, the members 0 .. Q - 1 are the core. For d = Q/2, Q/4, .., 1 member r and
// r xor d hold the same block; each sends the other's half of it and adds what it receives to its own half. Member r ends
// with block r of Q. The all-gather goes the same way back.
//
// The other P - Q members first send their whole gradient to member r - Q, and last receive all parameters from it
// (section 4.5's treatment of numbers that are no power of two, in the simple form: 2 S bytes for each of them in place of
// 2 S / Q). They step no parameters.
//
// A sum's order depends on the range: bits differ from DirectCollective's by rounding, and are the same in every run.
#pragma once

#include "core/aligned_buffer.hpp"
#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/agree/gradient_collective.hpp"

namespace prl {

class HalvingDoublingCollective final : public GradientCollective {
 public:
  HalvingDoublingCollective(Transport& transport, std::size_t parameter_count);

  ParameterRange own_range() const override;
  std::span<const float> reduce_scatter(std::span<const float> gradient) override;
  void all_gather(std::span<float> parameters) override;

 private:
  bool in_core() const { return transport_.rank() < core_; }
  // The member outside of the core that this one speaks for, or that speaks for this one; -1 if there is none.
  int companion() const;
  // The `width` blocks around block `index` that are left after halving down to that width.
  ParameterRange blocks(int index, int width) const;

  Transport& transport_;
  int core_;  // Q
  std::size_t parameter_count_;
  AlignedBuffer<float> received_;
  AlignedBuffer<float> sum_;
};

}  // namespace prl

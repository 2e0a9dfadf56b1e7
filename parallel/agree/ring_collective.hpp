// Members on a ring pass partial sums on to the next one (Patarasuk, Yuan, "Bandwidth optimal all-reduce algorithms for
// clusters of workstations", 2009, section 4):
//
//   reduce-scatter, step s = 0 .. P - 2:  r sends its partial sum of chunk r - s - 1, receives chunk r - s - 2, adds its own
//   all-gather,     step s = 0 .. P - 2:  r sends chunk r - s, receives chunk r - s - 1            (all modulo P)
//
// so that member r ends with the sum of chunk r. Chunk c is added in the order c + 1, c + 2, .., c: another order for every
// chunk, so the bits differ from DirectCollective's by rounding; they are the same in every run and for every member.
// Deviation from the paper: chunks are shifted by one, so that a member's number is its chunk's.
#pragma once

#include "core/aligned_buffer.hpp"
#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/agree/gradient_collective.hpp"

namespace prl {

class RingCollective final : public GradientCollective {
 public:
  RingCollective(Transport& transport, std::size_t parameter_count);

  ParameterRange own_range() const override { return chunk(transport_.rank()); }
  std::span<const float> reduce_scatter(std::span<const float> gradient) override;
  void all_gather(std::span<float> parameters) override;

 private:
  // The range of member `index` modulo P; index >= -P.
  ParameterRange chunk(int index) const;

  Transport& transport_;
  int next_;
  int previous_;
  std::size_t parameter_count_;
  AlignedBuffer<float> received_;  // partial sums as they come, one chunk
  AlignedBuffer<float> sum_;
};

}  // namespace prl

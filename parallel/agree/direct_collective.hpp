// Every member sends each other member its piece, all pieces at the same time, the next member's first.
//
// It moves the bytes of a ring in one step instead of P - 1 (Thakur, Rabenseifner, Gropp 2005, section 4.3, without its
// order of steps), and the owner of a range sees each member's part before it adds: sums go in member order and have the
// bits of SharedGradients with the same members. What it costs is P - 1 messages a member and half, which pays where
// members are few or on one host.
#pragma once

#include <vector>

#include "core/aligned_buffer.hpp"
#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/agree/gradient_collective.hpp"
#include "parallel/agree/piece_exchange.hpp"

namespace prl {

class DirectCollective final : public GradientCollective {
 public:
  DirectCollective(Transport& transport, std::size_t parameter_count);

  ParameterRange own_range() const override { return range_of_member(transport_.rank()); }
  std::span<const float> reduce_scatter(std::span<const float> gradient) override;
  void all_gather(std::span<float> parameters) override;

 private:
  ParameterRange range_of_member(int member) const { return range_of(member, transport_.size(), parameter_count_); }

  Transport& transport_;
  std::size_t parameter_count_;
  std::vector<AlignedBuffer<float>> received_;  // other members' parts of the own range, by member
  AlignedBuffer<float> sum_;
  std::vector<const float*> parts_;
  PieceExchange pieces_;
};

}  // namespace prl

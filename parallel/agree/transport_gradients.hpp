// Gradients joined by messages, for learners that share no memory: reduce-scatter, optimiser step on the own range,
// all-gather (gradient_agreement.hpp).
//
// In both collectives every member sends each other member its piece, all pieces at the same time, the next member's
// first. They move the bytes of a ring in one step instead of P - 1 (Thakur, Rabenseifner, Gropp, "Optimization of
// collective communication operations in MPICH", 2005, section 4.3, without its order of steps), and the owner of a range
// sees each member's part before it adds, so sums go in member order and have the bits of SharedGradients with the same
// members. A ring would add in an order that differs from range to range.
//
// What is counted, for P members and S bytes of parameters, an update, over all members:
//   gradients      2 S (P - 1)      at most about 2 S (P - 1) / P of them sent by one member
//   control        8 P (P - 1)      square sums
// and for a sum of n doubles 8 n P (P - 1) of control. A member counts what it sends.
#pragma once

#include <vector>

#include "core/aligned_buffer.hpp"
#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/transport/transport.hpp"

namespace prl {

class TransportGradients final : public GradientAgreement {
 public:
  // A member's learner holds `shards_per_member` shards; their gradients are added before they are sent. `transport`
  // must outlive it. Throws std::invalid_argument for less than one shard.
  TransportGradients(Transport& transport, std::size_t parameter_count, int shards_per_member = 1);

  void sum(std::span<double> values) override;
  void update(Learner& learner) override;
  CommunicationLedger& ledger() override { return transport_.ledger(); }

 private:
  ParameterRange range_of_member(int member) const { return range_of(member, members_, parameter_count_); }
  // Sends piece_for(member) to every other member and receives place_of(member) from it.
  template <typename PieceFor, typename PlaceOf>
  void exchange_pieces(const PieceFor& piece_for, const PlaceOf& place_of, Purpose purpose);

  const float* own_gradient(Learner& learner);
  // The own range of the gradient summed over members; flat, valid on that range.
  std::span<const float> reduce_scatter(const float* gradient);
  void all_gather(std::span<float> parameters);

  Transport& transport_;
  int members_;
  int shards_;
  std::size_t parameter_count_;
  AlignedBuffer<float> local_sum_;              // of this member's shards, where there are several
  std::vector<AlignedBuffer<float>> received_;  // other members' parts of the own range, by member
  AlignedBuffer<float> sum_;
  std::vector<const float*> parts_;
  std::vector<Outgoing> outgoing_;
  std::vector<Incoming> incoming_;
  std::vector<double> sent_values_;
  std::vector<double> received_values_;
};

}  // namespace prl

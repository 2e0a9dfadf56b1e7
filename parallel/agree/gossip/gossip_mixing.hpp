// Synchronous mixing: in every meeting each member takes the weighted mean of its own and its senders' parameters,
//
//   x_i  <-  sum_j W_t[i][j] x_j        (gossip_graph.hpp)
//
// as in Lian et al., "Can decentralized algorithms outperform centralized algorithms?" (D-PSGD, 2017), algorithm 1.
// Deviation: there the gradient is taken at x_i before the mixing and applied after; here a member's updates are done when
// it meets, because it may have made several.
//
// Where rows and columns of W add up to 1, the mean of all members' parameters stays, and the distances from it shrink by
// W's second largest eigenvalue modulus a round, at the slowest.
#pragma once

#include "parallel/agree/gossip/gossip_exchange.hpp"
#include "parallel/agree/parameter_agreement.hpp"

namespace prl {

template <typename Scalar>
class GossipMixing final : public ParameterAgreement<Scalar> {
 public:
  // All members give the same topology and seed. `transport` must outlive it. Throws std::invalid_argument for a random
  // peer, with which the mean would not stay: that needs PushSum.
  GossipMixing(Transport& transport, GossipTopology topology, std::uint64_t seed);

  Meeting meet(std::span<Scalar> parameters) override;
  void add_state(RunState& state) override { exchange_.add_state(state); }
  CommunicationLedger& ledger() override { return exchange_.transport().ledger(); }

 private:
  GossipExchange exchange_;
};

}  // namespace prl

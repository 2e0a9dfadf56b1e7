// Push-sum: the mean over a directed graph, whoever gets more than it gives. A member carries a weight w_i beside the sums
// x_i, gives shares of both, and goes on with their ratio z_i:
//
//   x_i  <-  x_i + (z_i after its updates - z_i at the last meeting)
//   x_i  <-  sum_j W_t[i][j] x_j        w_i  <-  sum_j W_t[i][j] w_j        z_i  <-  x_i / w_i
//
// W's columns add up to 1, so sum x_i and sum w_i = n stay, and every z_i tends to the mean of the x_i. On a one-peer
// exponential graph of 2^k members z_i is the mean after k rounds, exactly.
//
// Sources: Kempe, Dobra, Gehrke, "Gossip-based computation of aggregate information" (2003), protocol Push-Sum; Assran et
// al., "Stochastic gradient push for distributed deep learning" (2019), algorithm 1, whose updates move x_i as here.
// Deviation: a sender sends x_j whole and the receiver multiplies by its share, which it knows: one message for all.
#pragma once

#include "core/aligned_buffer.hpp"
#include "parallel/agree/gossip/gossip_exchange.hpp"
#include "parallel/agree/parameter_agreement.hpp"

namespace prl {

template <typename Scalar>
class PushSum final : public ParameterAgreement<Scalar> {
 public:
  // All members give the same topology and seed. `transport` must outlive it.
  PushSum(Transport& transport, GossipTopology topology, std::uint64_t seed, std::size_t parameter_count);

  // Messages hold the sums and the weight: 8 bytes more than the parameters.
  Meeting meet(std::span<Scalar> parameters) override;
  void add_state(RunState& state) override {
    exchange_.add_state(state);
    state.add_value("push-sum weight", weight_);
    state.add("push-sum sums", sums_.span());
    state.add("push-sum ratios", ratios_.span());
  }
  CommunicationLedger& ledger() override { return exchange_.transport().ledger(); }

  double weight() const { return weight_; }
  // As of the last meeting, [parameter_count].
  std::span<const Scalar> sums() const { return sums_.span(); }

 private:
  GossipExchange exchange_;
  double weight_ = 1.0;
  AlignedBuffer<Scalar> sums_;
  AlignedBuffer<Scalar> ratios_;  // of the last meeting; 0 before the first, as the sums are
  AlignedBuffer<std::byte> message_;
};

}  // namespace prl

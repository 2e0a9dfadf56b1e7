// A round of gossip's messages: the same bytes to all of a member's receivers, and those of its senders.
//
// What is counted in a round, for n members and messages of S bytes (a member counts what it sends; parameters, and with
// push-sum 8 bytes more):
//
//   ring           2 n S in all, 2 S a member (n > 2; a pair: 2 S in all)
//   hypercube      n log2(n) S, log2(n) S a member (n a power of two)
//   exponential    n ceil(log2 n) S, ceil(log2 n) S a member
//   one-peer       n S, S a member; random peer too
//   random pairs   n S, S a member (n even; one less where n is odd)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "core/run_state.hpp"
#include "parallel/agree/gossip/gossip_graph.hpp"
#include "parallel/transport/transport.hpp"

namespace prl {

// What one member, this one included, has put into a round.
struct GossipPart {
  double weight = 0.0;
  const std::byte* bytes = nullptr;
};

class GossipExchange {
 public:
  // `transport` must outlive it. All members give the same topology and seed.
  GossipExchange(Transport& transport, GossipTopology topology, std::uint64_t seed);

  // The next round: gives `own`, as long as every member's, and returns the row's parts in member order, valid until the
  // next call and while `own` is. Throws WorkerDied or std::runtime_error.
  std::span<const GossipPart> run(std::span<const std::byte> own);

  // Adds the round, which the graph is drawn by.
  void add_state(RunState& state) { state.add_value("meetings", round_); }

  Transport& transport() { return transport_; }

 private:
  Transport& transport_;
  GossipGraph graph_;
  std::uint64_t round_ = 0;
  std::vector<AlignedBuffer<std::byte>> received_;
  std::vector<Outgoing> outgoing_;
  std::vector<Incoming> incoming_;
  std::vector<GossipPart> parts_;
};

// to[k] <- sum over parts of weight times the part's k-th value, in the parts' order and in double precision: a third in
// single precision is too large by 3e-8, which would make parameters grow. `to` may be one of the parts.
template <typename Scalar>
void add_parts(std::span<const GossipPart> parts, std::span<Scalar> to);

}  // namespace prl

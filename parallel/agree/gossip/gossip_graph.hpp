// Who gives its parameters to whom in a round of gossip, and how much each counts: the mixing matrices W_t,
//
//   x_i  <-  sum_j W_t[i][j] x_j
//
//   ring           i and i +- 1                            W[i][j] = 1 / (1 + max(d_i, d_j)), the rest for i itself
//   hypercube      i and i xor 2^k, where there is one     the same (Metropolis weights; d: the number of neighbours)
//   random pairs   a perfect matching drawn each round     the same, so 1/2; of an odd number one is left alone
//   exponential    i gives to i + 2^k, all 2^k < n         W[i][j] = 1 / (1 + d_j)
//   one-peer       i gives to i + 2^(t mod ceil(log2 n))   the same, so 1/2
//   random peer    i gives to one that it draws            the same, so 1/2
//
// The first three are symmetric. The exponential graphs are directed with as many senders as receivers each, so that their
// rows add up to 1 as well as their columns; a random peer's rows do not, which is what push-sum is for (push_sum.hpp).
//
// Sources: Xiao, Boyd, Sandberg, "Fast linear iterations for distributed averaging" (2004), section 4 (Metropolis weights:
// Xiao, Boyd, Lall 2005); Boyd et al., "Randomized gossip algorithms" (2006); Ying et al., "Exponential graph is provably
// efficient for decentralized deep training" (2021); Kempe, Dobra, Gehrke, "Gossip-based computation of aggregate
// information" (2003). Deviations: pairs are a matching of all members instead of one pair that wakes up; a random peer is
// never oneself.
//
// Draws are keyed by the seed and counted by the round: every member knows the whole graph, and nobody asks who is coming.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace prl {

enum class GossipTopology { kRing, kHypercube, kExponential, kOnePeer, kRandomPairs, kRandomPeer };
inline constexpr std::array kGossipTopologies = {GossipTopology::kRing,        GossipTopology::kHypercube,
                                                 GossipTopology::kExponential, GossipTopology::kOnePeer,
                                                 GossipTopology::kRandomPairs, GossipTopology::kRandomPeer};
constexpr std::string_view name_of(GossipTopology topology) {
  constexpr std::array<std::string_view, kGossipTopologies.size()> kNames = {"ring",     "hypercube",    "exponential",
                                                                             "one-peer", "random-pairs", "random-peer"};
  return kNames[static_cast<std::size_t>(topology)];
}

// Whether everyone gives to those that it takes from, as much as it takes.
constexpr bool is_symmetric(GossipTopology topology) {
  return topology == GossipTopology::kRing || topology == GossipTopology::kHypercube ||
         topology == GossipTopology::kRandomPairs;
}

// The part of a member's parameters in a sum.
struct GossipShare {
  int member = 0;
  double weight = 0.0;
};

class GossipGraph {
 public:
  // Of round 0. Throws std::invalid_argument for less than one member.
  GossipGraph(GossipTopology topology, int members, std::uint64_t seed);

  // Makes it the graph of `round`, counted from 0.
  void begin_round(std::uint64_t round);

  int members() const { return static_cast<int>(receivers_.size()); }
  // Whom `member` gives its parameters to, never itself.
  std::span<const int> receivers(int member) const { return receivers_[static_cast<std::size_t>(member)]; }
  // Row `member` of W_t: itself and those that give to it, in member order.
  std::span<const GossipShare> row(int member) const { return rows_[static_cast<std::size_t>(member)]; }

 private:
  void choose_receivers(std::uint64_t round);
  void draw_pairs(std::uint64_t round);
  void draw_peers(std::uint64_t round);
  void weigh();
  double weight(int to, int from) const;

  GossipTopology topology_;
  std::uint64_t seed_;
  std::vector<std::vector<int>> receivers_;
  std::vector<std::vector<GossipShare>> rows_;
  std::vector<int> order_;  // of members, where pairs are drawn
};

}  // namespace prl

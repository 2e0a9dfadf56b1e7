// Asynchronous pairs: members that learn freely average with one neighbour at a time whenever they like, without asking it.
// Every member's copy x_i lies in memory that all share. A member learns on parameters of its own, which were x_i when it
// took them; afterwards it adds what it has learned to x_i as others have left it, takes the mean with a neighbour's copy,
// and goes on from there:
//
//   x_i  <-  x_i + (own parameters - x_i as taken),      x_i, x_j  <-  (x_i + x_j) / 2,      own parameters  <-  x_i
//
// with j drawn among i's neighbours in an undirected graph: a ring, a hypercube, or, for random pairs, all others. So a
// gradient is computed at an older x_i than it is applied to: the lag of a meeting is the number of averages that others
// have made with x_i meanwhile. The copies' sum changes by what was learned and nothing else, but for the rounding of the
// means: at most half a unit in the last place of each copy, either way.
//
// Source: Lian, Zhang, Zhang, Liu, "Asynchronous decentralized parallel stochastic gradient descent" (AD-PSGD, 2018),
// algorithm 1. Deviations: what was learned is added before the averaging and not after, so that the neighbour has half of
// it at once; it is several optimiser steps where a member has made several, and steps of its own optimiser, whose moments
// stay with it. AD-PSGD keeps to bipartite graphs, where one half only asks and the other only answers, so as not to lock
// itself up. Here nobody answers: who averages holds a lock on each of the two copies.
//
// Locks. Copies are divided into pieces with a lock each, taken in ascending order of (piece, member), so no two members
// wait for each other; the next piece's before the last one's are let go, so that nobody overtakes another who has a copy
// in common with him. Averages then follow one another on all pieces alike, as if every copy had one lock, and nobody
// waits longer than for the pieces before its own.
//
// Between fixed copies, with members that are equally often the one who averages, the expected squared disagreement that is
// left is the second eigenvalue of W = I - sum_i sum_j p_ij (e_i - e_j)(e_i - e_j)^T / (2 n), p_ij being i's chance to draw
// j (Boyd, Ghosh, Prabhakar, Shah, "Randomized gossip algorithms", 2006, section II; an average is a projection, so the
// expected square is W's too):
//
//   all others 1 - 1 / (n - 1),      ring 1 - (1 - cos(2 pi / n)) / n,      hypercube 1 - 2 / (n log2 n)
//
// What is counted, for S bytes of parameters, an average: 2 S of weights, S each way, by the member that makes it.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "core/random.hpp"
#include "parallel/agree/gossip/gossip_graph.hpp"
#include "parallel/agree/parameter_agreement.hpp"
#include "parallel/transport/shared_lock.hpp"
#include "parallel/transport/shared_region.hpp"

namespace prl {

// All members' copies, in memory shared by threads or processes. Zeros at first.
template <typename Scalar>
class GossipBoard {
 public:
  static std::size_t bytes(int members, std::size_t count, int pieces = 1);

  GossipBoard(SharedRegion& region, int members, std::size_t count, int pieces = 1);

  int members() const { return members_; }
  std::size_t count() const { return count_; }
  // Not to be looked at while members meet.
  std::span<Scalar> copy(int member) { return copies_.subspan(static_cast<std::size_t>(member) * stride_, count_); }
  // For a member that has died, at whatever moment: opens its locks. An average that it was at stays where it has come to:
  // copies are averaged in some of their parameters, whose sum is kept, and what it had learned is lost in the others.
  void recover(int member);
  // To all copies, before anybody meets.
  void store(std::span<const Scalar> from);

 private:
  template <typename>
  friend class PairAveraging;

  struct alignas(kCacheLineBytes) Place {
    SharedLock lock;
    std::uint64_t averages = 0;  // that this piece of the copy has taken part in
  };
  Place& place(int member, std::size_t piece) { return places_[static_cast<std::size_t>(member) * pieces_ + piece]; }
  std::size_t begin_of(std::size_t piece) const { return count_ * piece / pieces_; }

  int members_;
  std::size_t count_;
  std::size_t stride_;  // whole cache lines
  std::size_t pieces_;
  std::span<Place> places_;
  std::span<Scalar> copies_;
};

template <typename Scalar>
class PairAveraging final : public ParameterAgreement<Scalar> {
 public:
  // `initial`: what the member starts from, and its copy too; others may have averaged with that since. `board` must
  // outlive it. Neighbours are drawn from `seed`, the member and the meeting; in which order members meet, their speeds
  // decide. Throws std::invalid_argument for a graph that is not symmetric.
  PairAveraging(GossipBoard<Scalar>& board, GossipTopology topology, int member, std::span<const Scalar> initial,
                std::uint64_t seed, Waiter waiter);

  // Averages with a neighbour. A member alone keeps what it has, bit by bit.
  Meeting meet(std::span<Scalar> parameters) override;
  // The same without a neighbour: adds what was learned to the own copy and goes on from it. Nothing is counted.
  Meeting publish(std::span<Scalar> parameters);
  bool has_neighbours() const { return !neighbours_.empty(); }
  CommunicationLedger& ledger() override { return ledger_; }

 private:
  int draw_neighbour();
  // Calls change(own copy, the other's, taken, parameters) on every piece, with both locked; the other may be the own one.
  template <typename Change>
  Meeting change_pieces(int other, std::span<Scalar> parameters, const Change& change);

  GossipBoard<Scalar>& board_;
  int member_;
  std::uint64_t seed_;
  Waiter waiter_;
  std::vector<int> neighbours_;
  std::uint64_t meetings_ = 0;
  std::uint64_t averages_seen_ = 0;
  AlignedBuffer<Scalar> taken_;
  CommunicationLedger ledger_;
};

}  // namespace prl

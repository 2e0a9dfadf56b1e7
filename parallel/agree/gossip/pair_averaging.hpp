// Asynchronous pairs: members that learn freely meet one other whenever they like, without asking it. Every member's copy
// lies in memory that all share; who meets adds to its own copy what it has learned since, and takes the mean of the two,
//
//   x_i  <-  x_i + (own parameters - x_i as received),      x_i, x_j  <-  (x_i + x_j) / 2
//
// with j drawn among the others. The pair is averaged as a whole: with a lock on each copy, the lower member's first, so
// that no average is torn, no two wait for each other, and the sum of all copies changes by what was learned and nothing
// else. Between fixed copies a meeting leaves 1 - 1 / (n - 1) of the squared disagreement, in expectation.
//
// Source: Lian, Zhang, Zhang, Liu, "Asynchronous decentralized parallel stochastic gradient descent" (AD-PSGD, 2018),
// algorithm 1; pairs: Boyd et al., "Randomized gossip algorithms" (2006). Deviations: a member's steps are added before the
// averaging and not after, since it may have made several; any pair may meet, where AD-PSGD keeps to a bipartite graph so
// as not to lock itself up.
//
// What is counted, for S bytes of parameters, a meeting: 2 S of weights, S each way, by the member that meets.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "core/aligned_buffer.hpp"
#include "core/random.hpp"
#include "parallel/agree/parameter_agreement.hpp"
#include "parallel/transport/shared_lock.hpp"
#include "parallel/transport/shared_region.hpp"

namespace prl {

// All members' copies, in memory shared by threads or processes. Made before the members are.
template <typename Scalar>
class GossipBoard {
 public:
  static std::size_t bytes(int members, std::size_t count);

  // Copies of `initial`.
  GossipBoard(SharedRegion& region, int members, std::span<const Scalar> initial);

  int members() const { return static_cast<int>(places_.size()); }
  std::size_t count() const { return count_; }
  // Not to be looked at while members meet.
  std::span<Scalar> copy(int member) { return copies_.subspan(static_cast<std::size_t>(member) * stride_, count_); }

 private:
  template <typename>
  friend class PairAveraging;

  struct alignas(kCacheLineBytes) Place {
    SharedLock lock;
    std::uint64_t averages = 0;  // that the copy has taken part in
  };
  Place& place(int member) { return places_[static_cast<std::size_t>(member)]; }

  std::size_t count_;
  std::size_t stride_;  // whole cache lines
  std::span<Place> places_;
  std::span<Scalar> copies_;
};

template <typename Scalar>
class PairAveraging final : public ParameterAgreement<Scalar> {
 public:
  // `initial`: what the member starts from and the board was made of; others may have met its copy since. `board` must
  // outlive it. Partners are drawn from `seed`, the member and the meeting; who is met when, the members' speeds decide.
  PairAveraging(GossipBoard<Scalar>& board, int member, std::span<const Scalar> initial, std::uint64_t seed,
                Waiter waiter);

  // The lag is the number of averages by others that this member's copy has taken part in since its last meeting.
  Meeting meet(std::span<Scalar> parameters) override;
  CommunicationLedger& ledger() override { return ledger_; }

 private:
  int draw_partner();

  GossipBoard<Scalar>& board_;
  int member_;
  std::uint64_t seed_;
  Waiter waiter_;
  std::uint64_t meetings_ = 0;
  std::uint64_t averages_seen_ = 0;
  AlignedBuffer<Scalar> received_;
  CommunicationLedger ledger_;
};

}  // namespace prl

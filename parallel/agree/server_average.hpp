// The synchronous parameter server: members learn by themselves from the same parameters theta and meet at a server, which
// adds the mean of what they have made of them,
//
//   theta <- theta + 1/N  sum over members i of (theta_i - theta),      theta_i <- theta on every member
//
// where theta are the parameters as of the last meeting and theta_i member i's own, after its updates.
//
// Source: the synchronous Q-learning on a parameter server of document D2 (section 4.1), whose local step is the members'
// learning rule; with one step between meetings it is the gradient averaging of Dean et al., "Large scale distributed deep
// networks" (NIPS 2012), with several it is local SGD (Stich, ICLR 2019). Deviations: none. The sum is in double
// precision and in member order, so its bits do not depend on what carries the parameters; one member alone keeps its own.
//
// The server is no process of its own: member 0 serves all of the parameters, or, with S shards, members 0 .. S - 1 a range
// of them each.
//
// What is counted, for B bytes of parameters and P members, a meeting: 2 B (P - 1) of weights over all members; with one
// shard B (P - 1) by the server and B by each of the others.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "core/learner.hpp"
#include "parallel/agree/parameter_agreement.hpp"
#include "parallel/transport/transport.hpp"

namespace prl {

template <typename Scalar>
class ServerAverage final : public ParameterAgreement<Scalar> {
 public:
  // `initial` are the parameters that all members start from. `transport` must outlive it. Throws std::invalid_argument
  // unless there are 1 to transport.size() shards.
  ServerAverage(Transport& transport, std::span<const Scalar> initial, int shards = 1);

  // Afterwards all members' parameters are the same bits.
  Meeting meet(std::span<Scalar> parameters) override;
  CommunicationLedger& ledger() override { return transport_.ledger(); }

 private:
  bool serves() const { return transport_.rank() < shards_; }
  ParameterRange range_of_shard(int shard) const;
  // Calls visit(member) for every member but this one, the next one first.
  template <typename Visit>
  void for_others(const Visit& visit) const;
  void push(std::span<Scalar> parameters);
  void merge(std::span<const Scalar> own);
  void pull(std::span<Scalar> parameters);

  Transport& transport_;
  int shards_;
  std::size_t count_;
  AlignedBuffer<Scalar> global_;                 // of the range that this member serves
  std::vector<AlignedBuffer<Scalar>> received_;  // of that range, by member
  std::vector<const Scalar*> parts_;             // the same, this member's own among them
  std::vector<Outgoing> outgoing_;
  std::vector<Incoming> incoming_;
};

extern template class ServerAverage<float>;
extern template class ServerAverage<double>;

}  // namespace prl

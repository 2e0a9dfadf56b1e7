// An asynchronous parameter server as a rank of its own, or, with several, as one of those that hold a range each. It
// takes one call at a time, whoever's came first:
//
//   merge   theta <- theta + eta (theta_i - theta), theta_i what the worker sent; theta is sent back
//   push    theta is stepped by the worker's gradient, with the rule's optimiser, which the server holds
//   pull    theta is sent
//
// The equations, their sources and what a lag is are those of the server in shared memory (merging_server.hpp,
// parallel/schedule/hogwild_worker.hpp with a lock). A range is merged whole before the next call is taken; ranges of
// different servers may see workers in different orders, which in shared memory they do not.
//
// A merge moves 2 S bytes, S of parameters: theta_i in, theta out; a pull and a push S each. Nothing is allocated by a
// call. The server sleeps between calls as any rank does (parallel/transport/mpi_waiting.hpp); a worker waits while it is
// served, so workers and servers together never have more to do than there are workers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "core/learner.hpp"
#include "parallel/agree/mpi_server_messages.hpp"
#include "parallel/transport/mpi_session.hpp"

namespace prl {

class MpiParameterServer {
 public:
  // The rank session.rank() of `ranks`, which holds its range of `parameters`, [parameter_count]. Merges at `merge_rate`;
  // where `stepped` is not null it takes gradients instead, and `parameters` and the gradient to step by are that
  // learner's. All must outlive it.
  MpiParameterServer(const MpiSession& session, const MpiServerRanks& ranks, std::span<float> parameters,
                     double merge_rate, Learner* stepped = nullptr);

  // Takes one call if one has come. Returns whether it did.
  bool poll();
  // Whether all workers have left; what was sent to them has arrived then.
  bool all_left() const { return left_ == ranks_.workers; }

 private:
  void answer(int worker, std::int64_t lag) const;
  void take_merge(int worker);
  void take_push(int worker, const ServerCall& call);
  void send_parameters(int worker);
  void merge(std::span<float> theta, std::span<const float> received) const;
  void receive_piece(int worker, std::span<float> to) const;
  void send_piece(int worker, std::size_t piece);
  // Until it does, the piece of the parameters must stay as it is.
  void await_arrival(std::size_t piece);
  std::int64_t& version(int worker) { return versions_[static_cast<std::size_t>(worker)]; }

  const MpiSession& session_;
  MpiServerRanks ranks_;
  ParameterRange range_;
  std::span<float> parameters_;
  double merge_rate_;
  Learner* stepped_;
  AlignedBuffer<float> received_;       // one piece
  std::vector<MPI_Request> sends_;      // by piece of the range
  std::int64_t changes_ = 0;            // merges or pushes so far
  std::vector<std::int64_t> versions_;  // by worker: changes when it received the parameters
  int left_ = 0;
};

}  // namespace prl

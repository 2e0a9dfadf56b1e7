// Messages between rank 0 and the ranks that collect for it.
#pragma once

#include <climits>
#include <span>
#include <stdexcept>
#include <string>

#include "parallel/collect/collection_plan.hpp"
#include "parallel/collect/round_header.hpp"
#include "parallel/transport/mpi_c.hpp"
#include "parallel/transport/mpi_error.hpp"
#include "parallel/transport/mpi_session.hpp"

namespace prl {

enum MpiTag : int {
  kHeaderTag = 1,
  kWeightsTag = 2,
  kTrajectoriesTag = 3,
  kActionsTag = 4,
  kOutcomesTag = 5,
  kStatesTag = 6
};

// Throws std::invalid_argument unless every rank, but the first `beside`, is one worker of the plan and messages fit MPI's
// counts.
inline void check_mpi_plan(const CollectionPlan& plan, const MpiSession& session, int beside = 0) {
  check_plan(plan);
  if (plan.workers + beside != session.size()) {
    throw std::invalid_argument(std::to_string(plan.workers) + " workers but " + std::to_string(session.size()) +
                                " MPI ranks: start mpirun with -n " + std::to_string(plan.workers + beside) +
                                " or set --workers " + std::to_string(session.size() - beside));
  }
  if (plan.segment_bytes() > INT_MAX || plan.parameter_bytes() > INT_MAX) {
    throw std::invalid_argument(
        "parameters or trajectories of a round exceed 2 GiB, the limit of an MPI message: use "
        "fewer steps or environments");
  }
}

// Who is at the other end of a message.
struct MpiPeer {
  MPI_Comm communicator = MPI_COMM_NULL;
  int rank = 0;
};

// Its receiver may be asleep: ring it.
template <typename T>
MPI_Request post_send(const MpiPeer& to, MpiTag tag, std::span<const T> values) {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Isend(values.data(), static_cast<int>(values.size_bytes()), MPI_BYTE, to.rank, tag, to.communicator,
                      &request),
            "send a message");
  return request;
}

template <typename T>
MPI_Request post_send(const MpiSession& session, int to, MpiTag tag, std::span<const T> values) {
  return post_send(MpiPeer{session.communicator(), to}, tag, values);
}

template <typename T>
MPI_Request start_send(const MpiSession& session, int to, MpiTag tag, std::span<const T> values) {
  const MPI_Request request = post_send(session, to, tag, values);
  session.ring(to);
  return request;
}

// `values` holds at least as much as arrives.
template <typename T>
MPI_Request start_receive(const MpiPeer& from, MpiTag tag, std::span<T> values) {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Irecv(values.data(), static_cast<int>(values.size_bytes()), MPI_BYTE, from.rank, tag, from.communicator,
                      &request),
            "receive a message");
  return request;
}

template <typename T>
MPI_Request start_receive(const MpiSession& session, int from, MpiTag tag, std::span<T> values) {
  return start_receive(MpiPeer{session.communicator(), from}, tag, values);
}

// Blocks until all requests are complete; calls `meanwhile` again and again.
template <typename Meanwhile>
void finish_all(const MpiSession& session, std::span<MPI_Request> requests, const Meanwhile& meanwhile) {
  session.waiting().until([&] {
    meanwhile();
    int finished = 0;
    check_mpi(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &finished, MPI_STATUSES_IGNORE),
              "finish a message");
    return finished != 0;
  });
}

inline void finish(const MpiSession& session, MPI_Request request) {
  finish_all(session, std::span(&request, 1), [] {});
}

// Wakes the one at the other end, if it is a rank of this job and sleeps.
inline void ring(const MpiSession& session, const MpiPeer& peer) {
  if (peer.communicator == session.communicator()) session.ring(peer.rank);
}

// Blocks until a message from `from` has been taken, and wakes its sender, who may wait for that.
template <typename T>
void receive(const MpiSession& session, const MpiPeer& from, MpiTag tag, std::span<T> values) {
  finish(session, start_receive(from, tag, values));
  ring(session, from);
}

template <typename T>
void receive(const MpiSession& session, int from, MpiTag tag, std::span<T> values) {
  receive(session, MpiPeer{session.communicator(), from}, tag, values);
}

template <typename T>
void send(const MpiSession& session, int to, MpiTag tag, std::span<const T> values) {
  finish(session, start_send(session, to, tag, values));
}

// Tells ranks 1 .. workers - 1 to leave their serving loop. Called by destructors, so failures are passed over: a rank
// that cannot be reached has ended.
inline void send_end(const MpiSession& session, int workers) {
  const RoundHeader command{RoundCommand::kEnd, 0, 0.0F, 0.0};
  for (int rank = 1; rank < workers; ++rank) {
    MPI_Send(&command, static_cast<int>(sizeof(command)), MPI_BYTE, rank, kHeaderTag, session.communicator());
    session.ring(rank);
  }
}

}  // namespace prl

#include "parallel/agree/mpi_parameter_server.hpp"

#include <algorithm>
#include <stdexcept>

#include "parallel/transport/mpi_error.hpp"

namespace prl {

MpiParameterServer::MpiParameterServer(const MpiSession& session, const MpiServerRanks& ranks,
                                       std::span<float> parameters, double merge_rate, Learner* stepped)
    : session_(session),
      ranks_(ranks),
      range_(ranks.range_of_server(session.rank() - ranks.workers)),
      parameters_(parameters),
      merge_rate_(merge_rate),
      stepped_(stepped),
      received_(std::min(range_.size(), kFloatsOfPiece)),
      sends_(pieces_of(range_), MPI_REQUEST_NULL),
      versions_(static_cast<std::size_t>(ranks.workers), 0) {}

bool MpiParameterServer::poll() {
  int arrived = 0;
  MPI_Status status;
  check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, kServerCallTag, session_.communicator(), &arrived, &status), "look for a call");
  if (arrived == 0) return false;
  const int worker = status.MPI_SOURCE;
  ServerCall call;
  check_mpi(MPI_Recv(&call, static_cast<int>(sizeof(call)), MPI_BYTE, worker, kServerCallTag, session_.communicator(),
                     MPI_STATUS_IGNORE),
            "receive a call");
  switch (call.request) {
    case ServerRequest::kMerge:
      take_merge(worker);
      break;
    case ServerRequest::kPush:
      take_push(worker, call);
      break;
    case ServerRequest::kPull:
      version(worker) = changes_;
      [[fallthrough]];
    case ServerRequest::kLook:
      send_parameters(worker);
      break;
    case ServerRequest::kLeave:
      ++left_;
  }
  if (all_left()) {
    for (std::size_t piece = 0; piece < sends_.size(); ++piece) await_arrival(piece);
  }
  return true;
}

void MpiParameterServer::answer(int worker, std::int64_t lag) const {
  const ServerAnswer answer{lag};
  check_mpi(
      MPI_Send(&answer, static_cast<int>(sizeof(answer)), MPI_BYTE, worker, kServerAnswerTag, session_.communicator()),
      "answer a worker");
  session_.ring(worker);
}

void MpiParameterServer::take_merge(int worker) {
  answer(worker, changes_ - version(worker));
  version(worker) = ++changes_;
  for (std::size_t piece = 0; piece < sends_.size(); ++piece) {
    const ParameterRange range = piece_of(range_, piece);
    const std::span<float> theta = parameters_.subspan(range.begin, range.size());
    const std::span<float> received = merge_rate_ == 1.0 ? theta : received_.span().first(range.size());
    await_arrival(piece);
    receive_piece(worker, received);
    if (merge_rate_ != 1.0) merge(theta, received);
    send_piece(worker, piece);
  }
}

void MpiParameterServer::merge(std::span<float> theta, std::span<const float> received) const {
  const auto rate = static_cast<float>(merge_rate_);
  for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += rate * (received[i] - theta[i]);
}

void MpiParameterServer::take_push(int worker, const ServerCall& call) {
  if (stepped_ == nullptr) throw std::logic_error("a server that merges parameters was sent a gradient");
  const std::span<float> gradient = stepped_->gradient(0);
  for (std::size_t piece = 0; piece < sends_.size(); ++piece) {
    const ParameterRange range = piece_of(range_, piece);
    receive_piece(worker, gradient.subspan(range.begin, range.size()));
    await_arrival(piece);
  }
  stepped_->apply_gradient(range_, gradient, call.gradient_square_sum);
  stepped_->finish_update();
  if (call.segment_ends != 0) stepped_->finish_round();
  answer(worker, changes_ - version(worker));
  ++changes_;
}

void MpiParameterServer::send_parameters(int worker) {
  answer(worker, 0);
  for (std::size_t piece = 0; piece < sends_.size(); ++piece) {
    await_arrival(piece);
    send_piece(worker, piece);
  }
}

void MpiParameterServer::receive_piece(int worker, std::span<float> to) const {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Irecv(to.data(), static_cast<int>(to.size()), MPI_FLOAT, worker, kServerPieceTag,
                      session_.communicator(), &request),
            "receive from a worker");
  session_.waiting().until([&] {
    int finished = 0;
    check_mpi(MPI_Test(&request, &finished, MPI_STATUS_IGNORE), "receive from a worker");
    return finished != 0;
  });
}

void MpiParameterServer::send_piece(int worker, std::size_t piece) {
  const ParameterRange range = piece_of(range_, piece);
  check_mpi(MPI_Isend(parameters_.data() + range.begin, static_cast<int>(range.size()), MPI_FLOAT, worker,
                      kServerPieceTag, session_.communicator(), &sends_[piece]),
            "send parameters");
  session_.ring(worker);
}

void MpiParameterServer::await_arrival(std::size_t piece) {
  session_.waiting().until([&] {
    int finished = 0;
    check_mpi(MPI_Test(&sends_[piece], &finished, MPI_STATUS_IGNORE), "send parameters");
    return finished != 0;
  });
}

}  // namespace prl

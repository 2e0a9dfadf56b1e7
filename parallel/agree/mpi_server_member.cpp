#include "parallel/agree/mpi_server_member.hpp"

#include <algorithm>
#include <stdexcept>

#include "parallel/transport/mpi_error.hpp"

namespace prl {
namespace {

bool finished(MPI_Request& request) {
  int finished = 0;
  check_mpi(MPI_Test(&request, &finished, MPI_STATUS_IGNORE), "exchange with a server");
  return finished != 0;
}

bool all_finished(std::vector<MPI_Request>& requests) {
  int finished = 0;
  check_mpi(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &finished, MPI_STATUSES_IGNORE),
            "exchange with a server");
  return finished != 0;
}

}  // namespace

MpiServerMember::MpiServerMember(const MpiSession& session, const MpiServerRanks& ranks, bool refresh)
    : session_(session), refresh_(refresh), received_(refresh ? 0 : ranks.parameter_count) {
  if (ranks.size() != session.size()) throw std::invalid_argument("every rank of the job is a worker or a server");
  for (int server = 0; server < ranks.servers; ++server) {
    Part part;
    part.rank = ranks.rank_of(server);
    part.range = ranks.range_of_server(server);
    part.sends.assign(pieces_of(part.range), MPI_REQUEST_NULL);
    part.receives.assign(pieces_of(part.range), MPI_REQUEST_NULL);
    parts_.push_back(std::move(part));
  }
}

Meeting MpiServerMember::meet(std::span<float> parameters) {
  const double start_seconds = monotonic_seconds();
  const long lag = exchange({ServerRequest::kMerge}, parameters, refresh_ ? parameters : received_.span());
  ledger_.add_transfer(Purpose::kWeights, monotonic_seconds() - start_seconds);
  ledger_.add_message(Purpose::kWeights, parameters.size_bytes());
  ledger_.add_message(Purpose::kWeights, parameters.size_bytes());
  count_calls();
  return {lag};
}

void MpiServerMember::pull(std::span<float> to) {
  const double start_seconds = monotonic_seconds();
  exchange({ServerRequest::kPull}, {}, to);
  ledger_.add_transfer(Purpose::kWeights, monotonic_seconds() - start_seconds);
  ledger_.add_message(Purpose::kWeights, to.size_bytes());
  count_calls();
}

Meeting MpiServerMember::push(std::span<const float> gradient, double gradient_square_sum, bool segment_ends) {
  const double start_seconds = monotonic_seconds();
  const long lag = exchange({ServerRequest::kPush, segment_ends ? 1 : 0, gradient_square_sum}, gradient, {});
  ledger_.add_transfer(Purpose::kGradients, monotonic_seconds() - start_seconds);
  ledger_.add_message(Purpose::kGradients, gradient.size_bytes());
  count_calls();
  return {lag};
}

void MpiServerMember::look(std::span<float> to) { exchange({ServerRequest::kLook}, {}, to); }

void MpiServerMember::leave() {
  const ServerCall call{ServerRequest::kLeave};
  for (const Part& part : parts_) {
    check_mpi(
        MPI_Send(&call, static_cast<int>(sizeof(call)), MPI_BYTE, part.rank, kServerCallTag, session_.communicator()),
        "leave a server");
    session_.ring(part.rank);
  }
}

long MpiServerMember::exchange(const ServerCall& call, std::span<const float> out, std::span<float> to) {
  for (Part& part : parts_) call_server(part, call, out);
  session_.waiting().until([&] {
    bool all = true;
    for (Part& part : parts_) all = advance(part, to) && all;
    return all;
  });
  long lag = 0;
  for (const Part& part : parts_) lag = std::max(lag, static_cast<long>(part.answer.lag));
  return lag;
}

void MpiServerMember::call_server(Part& part, const ServerCall& call, std::span<const float> out) {
  const MPI_Comm communicator = session_.communicator();
  part.receiving = 0;
  check_mpi(MPI_Irecv(&part.answer, static_cast<int>(sizeof(part.answer)), MPI_BYTE, part.rank, kServerAnswerTag,
                      communicator, &part.answered),
            "call a server");
  check_mpi(MPI_Send(&call, static_cast<int>(sizeof(call)), MPI_BYTE, part.rank, kServerCallTag, communicator),
            "call a server");
  for (std::size_t piece = 0; !out.empty() && piece < part.sends.size(); ++piece) {
    const ParameterRange range = piece_of(part.range, piece);
    check_mpi(MPI_Isend(out.data() + range.begin, static_cast<int>(range.size()), MPI_FLOAT, part.rank, kServerPieceTag,
                        communicator, &part.sends[piece]),
              "send to a server");
  }
  session_.ring(part.rank);
}

// What is received may take the place of what is sent, so a piece's receive is posted once it has left.
bool MpiServerMember::advance(Part& part, std::span<float> to) {
  while (!to.empty() && part.receiving < part.receives.size() && finished(part.sends[part.receiving])) {
    const ParameterRange range = piece_of(part.range, part.receiving);
    check_mpi(MPI_Irecv(to.data() + range.begin, static_cast<int>(range.size()), MPI_FLOAT, part.rank, kServerPieceTag,
                        session_.communicator(), &part.receives[part.receiving]),
              "receive from a server");
    ++part.receiving;
  }
  const bool all_posted = to.empty() || part.receiving == part.receives.size();
  return finished(part.answered) && all_finished(part.sends) && all_finished(part.receives) && all_posted;
}

void MpiServerMember::count_calls() {
  for (std::size_t server = 0; server < parts_.size(); ++server) {
    ledger_.add_message(Purpose::kControl, sizeof(ServerCall));
    ledger_.add_message(Purpose::kControl, sizeof(ServerAnswer));
  }
}

}  // namespace prl

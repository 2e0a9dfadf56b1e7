#include "parallel/transport/mpi_transport.hpp"

#include <climits>
#include <stdexcept>

#include "parallel/transport/mpi_error.hpp"

namespace prl {
namespace {

// Apart from the collectors' tags (parallel/collect/mpi_messages.hpp).
int tag_of(Purpose purpose) { return 100 + static_cast<int>(purpose); }

int count_of(std::size_t bytes) {
  if (bytes > INT_MAX) throw std::length_error("an MPI message is limited to 2 GiB: split the network or the batch");
  return static_cast<int>(bytes);
}

}  // namespace

// The arrival of a message is seen before its receive is posted, which tells waiting for the peer from transfer. A long
// message is moved only once its receive is posted, so nothing is copied twice.
void MpiTransport::exchange(int to, std::span<const std::byte> out, int from, std::span<std::byte> in,
                            Purpose purpose) {
  const double start_seconds = monotonic_seconds();
  const MPI_Comm communicator = session_.communicator();
  MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  double waiting_seconds = 0.0;
  if (!out.empty()) {
    ledger_.add_message(purpose, out.size());
    check_mpi(MPI_Isend(out.data(), count_of(out.size()), MPI_BYTE, to, tag_of(purpose), communicator, &requests[0]),
              "send a message");
    session_.ring(to);
  }
  if (!in.empty()) {
    const double stall_seconds = monotonic_seconds();
    session_.waiting().until([&] {
      int arrived = 0;
      check_mpi(MPI_Iprobe(from, tag_of(purpose), communicator, &arrived, MPI_STATUS_IGNORE), "look for a message");
      return arrived != 0;
    });
    waiting_seconds = monotonic_seconds() - stall_seconds;
    check_mpi(MPI_Irecv(in.data(), count_of(in.size()), MPI_BYTE, from, tag_of(purpose), communicator, &requests[1]),
              "receive a message");
  }
  session_.waiting().until([&] {
    int finished = 0;
    check_mpi(MPI_Testall(2, requests, &finished, MPI_STATUSES_IGNORE), "finish a message");
    return finished != 0;
  });
  if (!in.empty()) session_.ring(from);
  ledger_.add_waiting(purpose, waiting_seconds);
  ledger_.add_transfer(purpose, monotonic_seconds() - start_seconds - waiting_seconds);
}

void MpiTransport::send(int to, std::span<const std::byte> out, Purpose purpose) { exchange(to, out, to, {}, purpose); }

void MpiTransport::receive(int from, std::span<std::byte> in, Purpose purpose) {
  exchange(from, {}, from, in, purpose);
}

}  // namespace prl

#include "parallel/transport/mpi_transport.hpp"

#include <algorithm>
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

// The arrival of a message is seen before its receive is posted, which tells waiting for a peer from transfer: the time
// in which no message that has come is on its way in is waiting. A long message is moved only once its receive is
// posted, so nothing is copied twice.
void MpiTransport::exchange_all(std::span<const Outgoing> out, std::span<const Incoming> in, Purpose purpose) {
  const double start_seconds = monotonic_seconds();
  post_sends(out, purpose);
  receives_.assign(in.size(), MPI_REQUEST_NULL);
  expected_.assign(in.begin(), in.end());
  std::erase_if(expected_, [](const Incoming& message) { return message.bytes.empty(); });
  double waiting_seconds = 0.0;
  double last_seconds = monotonic_seconds();
  session_.waiting().until([&] {
    const bool on_its_way = !all_finished(receives_);
    const bool has_come = post_receives_of_arrivals(purpose);
    const double now_seconds = monotonic_seconds();
    if (!on_its_way && !has_come && !expected_.empty()) waiting_seconds += now_seconds - last_seconds;
    last_seconds = now_seconds;
    return expected_.empty() && all_finished(receives_);
  });
  session_.waiting().until([this] { return all_finished(sends_); });
  for (const Incoming& message : in) {
    if (!message.bytes.empty()) session_.ring(message.from);
  }
  ledger_.add_waiting(purpose, waiting_seconds);
  ledger_.add_transfer(purpose, monotonic_seconds() - start_seconds - waiting_seconds);
}

void MpiTransport::post_sends(std::span<const Outgoing> out, Purpose purpose) {
  sends_.clear();
  for (const Outgoing& message : out) {
    if (message.bytes.empty()) continue;
    ledger_.add_message(purpose, message.bytes.size());
    check_mpi(MPI_Isend(message.bytes.data(), count_of(message.bytes.size()), MPI_BYTE, message.to, tag_of(purpose),
                        session_.communicator(), &sends_.emplace_back(MPI_REQUEST_NULL)),
              "send a message");
    session_.ring(message.to);
  }
}

bool MpiTransport::post_receives_of_arrivals(Purpose purpose) {
  const std::size_t expected = expected_.size();
  std::erase_if(expected_, [&](const Incoming& message) {
    int arrived = 0;
    check_mpi(MPI_Iprobe(message.from, tag_of(purpose), session_.communicator(), &arrived, MPI_STATUS_IGNORE),
              "look for a message");
    if (arrived == 0) return false;
    const auto free = std::find(receives_.begin(), receives_.end(), MPI_REQUEST_NULL);
    check_mpi(MPI_Irecv(message.bytes.data(), count_of(message.bytes.size()), MPI_BYTE, message.from, tag_of(purpose),
                        session_.communicator(), &*free),
              "receive a message");
    return true;
  });
  return expected_.size() < expected;
}

bool MpiTransport::all_finished(std::vector<MPI_Request>& requests) {
  int finished = 0;
  check_mpi(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &finished, MPI_STATUSES_IGNORE),
            "finish a message");
  return finished != 0;
}

}  // namespace prl

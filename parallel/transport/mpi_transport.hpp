// Transport between the ranks of an MPI job, on one host or several.
#pragma once

#include <vector>

#include "parallel/transport/mpi_session.hpp"
#include "parallel/transport/transport.hpp"

namespace prl {

class MpiTransport final : public Transport {
 public:
  // `session` must outlive it.
  explicit MpiTransport(MpiSession& session) : session_(session) {}

  MPI_Comm communicator() const { return session_.communicator(); }
  int rank() const override { return session_.rank(); }
  int size() const override { return session_.size(); }
  void exchange_all(std::span<const Outgoing> out, std::span<const Incoming> in, Purpose purpose) override;

 private:
  void post_sends(std::span<const Outgoing> out, Purpose purpose);
  // Posts the receives of those of expected_ that have come. Returns whether there were any.
  bool post_receives_of_arrivals(Purpose purpose);
  static bool all_finished(std::vector<MPI_Request>& requests);

  MpiSession& session_;
  std::vector<MPI_Request> sends_;
  std::vector<MPI_Request> receives_;  // of messages that have come
  std::vector<Incoming> expected_;     // messages that have not
};

}  // namespace prl

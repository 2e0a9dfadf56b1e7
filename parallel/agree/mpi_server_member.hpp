// A worker of an MPI job at the ranks that serve parameters (parallel/agree/mpi_parameter_server.hpp): it calls all of them
// at the same time and waits for their answers.
//
// What is counted, for S bytes of parameters: 2 S of weights a merge, S of weights a pull and S of gradients a push, as
// with a server in shared memory, and for each of the servers a call and an answer of control.
#pragma once

#include <span>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "parallel/agree/gradient_server.hpp"
#include "parallel/agree/mpi_server_messages.hpp"
#include "parallel/agree/parameter_agreement.hpp"
#include "parallel/transport/mpi_session.hpp"

namespace prl {

class MpiServerMember final : public ParameterAgreement<float>, public GradientServer {
 public:
  // With `refresh` parameters become the servers' after a merge; else these are received beside them. `session` must
  // outlive it.
  MpiServerMember(const MpiSession& session, const MpiServerRanks& ranks, bool refresh);

  // The lag is the largest of all servers'.
  Meeting meet(std::span<float> parameters) override;
  void pull(std::span<float> to) override;
  Meeting push(std::span<const float> gradient, double gradient_square_sum, bool segment_ends) override;

  // Copies the servers' parameters, uncounted; what others change meanwhile may be in them.
  void look(std::span<float> to);
  // The last call: the servers end once all workers have called it.
  void leave();

  CommunicationLedger& ledger() override { return ledger_; }
  // Without refresh: theta as of this member's last merge, [parameter_count].
  std::span<const float> received() const { return received_.span(); }

 private:
  // A server's part of an exchange.
  struct Part {
    int rank = 0;
    ParameterRange range;
    std::vector<MPI_Request> sends;     // by piece
    std::vector<MPI_Request> receives;  // by piece
    std::size_t receiving = 0;          // pieces whose receives are posted
    ServerAnswer answer;
    MPI_Request answered = MPI_REQUEST_NULL;
  };

  // `out` goes to the servers and `to` comes from them; either may be empty, and they may be the same. Returns the
  // largest lag.
  long exchange(const ServerCall& call, std::span<const float> out, std::span<float> to);
  void call_server(Part& part, const ServerCall& call, std::span<const float> out);
  // Whether all of `part` has arrived.
  bool advance(Part& part, std::span<float> to);
  void count_calls();

  const MpiSession& session_;
  bool refresh_;
  AlignedBuffer<float> received_;  // none with refresh
  std::vector<Part> parts_;        // by server
  CommunicationLedger ledger_;
};

}  // namespace prl

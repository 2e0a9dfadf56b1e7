// Transport between the ranks of an MPI job, on one host or several.
#pragma once

#include "parallel/transport/mpi_session.hpp"
#include "parallel/transport/transport.hpp"

namespace prl {

class MpiTransport final : public Transport {
 public:
  // `session` must outlive it.
  explicit MpiTransport(MpiSession& session) : session_(session) {}

  int rank() const override { return session_.rank(); }
  int size() const override { return session_.size(); }
  void exchange(int to, std::span<const std::byte> out, int from, std::span<std::byte> in, Purpose purpose) override;
  void send(int to, std::span<const std::byte> out, Purpose purpose) override;
  void receive(int from, std::span<std::byte> in, Purpose purpose) override;

 private:
  MpiSession& session_;
};

}  // namespace prl

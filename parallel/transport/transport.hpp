// Point-to-point messages between workers. The only place where an agreement's bytes cross, so where they are counted.
//
// A message is counted by the worker that sends it; summed over all workers, each byte is counted once. Both ends know
// how long a message is. Messages from one worker to another arrive in the order in which they were sent.
#pragma once

#include <cstddef>
#include <span>

#include "parallel/transport/communication.hpp"

namespace prl {

class Transport {
 public:
  virtual ~Transport() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Sends `out` to rank `to` and receives `in` from rank `from` at the same time, so that rings and pairs of workers do
  // not block each other however long their messages are. Neither rank is this one. Throws WorkerDied or
  // std::runtime_error.
  virtual void exchange(int to, std::span<const std::byte> out, int from, std::span<std::byte> in, Purpose purpose) = 0;

  // Returns when `out` may be overwritten, which may be before it has arrived.
  virtual void send(int to, std::span<const std::byte> out, Purpose purpose) = 0;
  virtual void receive(int from, std::span<std::byte> in, Purpose purpose) = 0;

  CommunicationLedger& ledger() { return ledger_; }

 protected:
  CommunicationLedger ledger_;
};

}  // namespace prl

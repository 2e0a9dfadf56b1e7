// Point-to-point messages between workers. The only place where an agreement's bytes cross, so where they are counted.
//
// A message is counted by the worker that sends it; summed over all workers, each byte is counted once. Both ends know
// how long a message is. Messages from one worker to another arrive in the order in which they were sent.
#pragma once

#include <cstddef>
#include <span>

#include "parallel/transport/communication.hpp"

namespace prl {

struct Outgoing {
  int to = 0;
  std::span<const std::byte> bytes;
};

struct Incoming {
  int from = 0;
  std::span<std::byte> bytes;
};

class Transport {
 public:
  virtual ~Transport() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Sends all of `out` and receives all of `in` at the same time, so that workers do not block each other however long
  // their messages are. At most one message to a rank and one from a rank, none to or from this one. Returns when `in`
  // is there and `out` may be overwritten, which may be before it has arrived. Throws WorkerDied or std::runtime_error.
  virtual void exchange_all(std::span<const Outgoing> out, std::span<const Incoming> in, Purpose purpose) = 0;

  void exchange(int to, std::span<const std::byte> out, int from, std::span<std::byte> in, Purpose purpose) {
    const Outgoing outgoing{to, out};
    const Incoming incoming{from, in};
    exchange_all({&outgoing, 1}, {&incoming, 1}, purpose);
  }
  void send(int to, std::span<const std::byte> out, Purpose purpose) {
    const Outgoing outgoing{to, out};
    exchange_all({&outgoing, 1}, {}, purpose);
  }
  void receive(int from, std::span<std::byte> in, Purpose purpose) {
    const Incoming incoming{from, in};
    exchange_all({}, {&incoming, 1}, purpose);
  }

  CommunicationLedger& ledger() { return ledger_; }

 protected:
  CommunicationLedger ledger_;
};

}  // namespace prl

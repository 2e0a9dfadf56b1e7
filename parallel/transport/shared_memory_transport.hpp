// Transport between the threads of a process or between forked processes: a ring in shared memory for each ordered pair
// of workers, and a doorbell for each worker on which it sleeps, whatever it waits for.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "parallel/transport/doorbell.hpp"
#include "parallel/transport/shared_region.hpp"
#include "parallel/transport/shared_ring.hpp"
#include "parallel/transport/transport.hpp"

namespace prl {

// The shared part. Made before the workers are.
class SharedMailboxes {
 public:
  // `ring_bytes` is a power of two, 64 or more. Throws std::runtime_error where there is no memory.
  SharedMailboxes(int members, std::size_t ring_bytes);
  explicit SharedMailboxes(int members) : SharedMailboxes(members, default_ring_bytes(members)) {}

  // A ring larger than a core's second-level cache is fastest, because the reader then finds its bytes in the third
  // level instead of asking the writer's core for them. All rings together stay below 32 MiB.
  static std::size_t default_ring_bytes(int members);

  int members() const { return members_; }
  Doorbell& doorbell(int member) { return doorbells_[static_cast<std::size_t>(member)]; }
  RingPositions& positions(int from, int to) { return positions_[pair(from, to)]; }
  std::span<std::byte> ring(int from, int to) { return rings_.subspan(pair(from, to) * ring_bytes_, ring_bytes_); }

 private:
  std::size_t pair(int from, int to) const { return static_cast<std::size_t>(from * members_ + to); }

  int members_;
  std::size_t ring_bytes_;
  SharedRegion region_;
  std::span<Doorbell> doorbells_;
  std::span<RingPositions> positions_;
  std::span<std::byte> rings_;
};

class SharedMemoryTransport final : public Transport {
 public:
  // Worker `rank`'s end. `watch` is called while it sleeps and may throw (waiting.hpp). `mailboxes` must outlive it.
  SharedMemoryTransport(SharedMailboxes& mailboxes, int rank, std::function<void()> watch = {});

  int rank() const override { return rank_; }
  int size() const override { return mailboxes_.members(); }
  void exchange_all(std::span<const Outgoing> out, std::span<const Incoming> in, Purpose purpose) override;

 private:
  // What is left of a message, and with whom.
  struct Sending {
    int to;
    std::span<const std::byte> left;
  };
  struct Receiving {
    int from;
    std::span<std::byte> left;
    bool begun;
  };

  // Moves what can be moved without waiting. Returns the number of bytes.
  std::size_t send_some();
  std::size_t receive_some();
  bool can_move();
  // Whether messages are still to come and none of them is on its way in: then a stall is not part of a transfer.
  bool awaits_peers() const;

  SharedMailboxes& mailboxes_;
  int rank_;
  Waiter waiter_;
  std::vector<RingWriter> writers_;
  std::vector<RingReader> readers_;
  std::vector<Sending> sending_;
  std::vector<Receiving> receiving_;
};

}  // namespace prl

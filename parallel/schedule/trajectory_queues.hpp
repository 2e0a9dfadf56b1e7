// Bounded queues of trajectories from actors to one learner, in shared memory: a ring of slots an actor, written and read
// in place. A full queue makes its actor wait, an empty set of queues the learner; nothing is dropped. The learner takes
// what came first, whichever actor it is from.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "core/segment.hpp"
#include "parallel/transport/doorbell.hpp"
#include "parallel/transport/shared_region.hpp"

namespace prl {

// What an actor says of its trajectories.
struct TrajectoryNote {
  std::uint64_t version = 0;        // of the parameters that acted
  double collecting_seconds = 0.0;  // acting and stepping, step cost included
  bool charged = true;              // whether the steps cost what was configured
  bool restarted = false;           // the first of an actor in the place of one that died: of new episodes
  double receiving_seconds = 0.0;   // to take the parameters in; 0 where they are read in place
  double sending_seconds = 0.0;     // to take the trajectories in, likewise
};

class TrajectoryQueues {
 public:
  static std::size_t bytes_for(int actors, int depth, std::size_t slot_bytes);

  // `depth` slots of `slot_bytes` an actor, in `region`, which must outlive this.
  TrajectoryQueues(SharedRegion& region, int actors, int depth, std::size_t slot_bytes);

  int actors() const { return static_cast<int>(queues_.size()); }

  // Actor: waits for a free slot and returns its bytes, or an empty span once end() was called.
  std::span<std::byte> await_free(int actor, const Waiter& waiter);
  // The same without waiting: empty if there is none.
  std::span<std::byte> free_slot(int actor);
  // Actor: hands over the slot that await_free() returned.
  void put(int actor, const TrajectoryNote& note);
  // Those that an actor has put so far.
  std::uint64_t put_by(int actor) const { return queues_[static_cast<std::size_t>(actor)].put.load(); }
  // For an actor that has died, at whatever moment: what it had put stays, and the next one gets the slot that it was at.
  void recover(int actor);

  // Learner: waits for the trajectories that came first. They stay until release().
  struct Taken {
    int actor;
    TrajectoryNote note;
    std::span<std::byte> bytes;
  };
  // Throws what the waiter's watch throws.
  Taken take(const Waiter& waiter);
  void release(const Taken& taken);

  // Makes every actor's await_free() return.
  void end();

 private:
  struct Slot {
    std::uint64_t arrival = 0;
    TrajectoryNote note;
  };
  struct alignas(kCacheLineBytes) Queue {
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> put{0};
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> released{0};
    Doorbell freed;
  };
  struct Shared {
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> arrivals{0};
    std::atomic<bool> ended{false};
    Doorbell arrived;
  };

  std::size_t slot_index(int actor, std::uint64_t number) const {
    return static_cast<std::size_t>(actor) * depth_ + static_cast<std::size_t>(number % depth_);
  }
  // The actor whose next trajectories came first; -1 if there are none.
  int first_arrival() const;

  std::size_t depth_;
  std::size_t slot_bytes_;
  std::span<Queue> queues_;
  std::span<Slot> slots_;         // [actors][depth]
  std::span<std::byte> storage_;  // [actors][depth][slot_bytes]
  Shared& shared_;
};

}  // namespace prl

// Who works on which segment, of workers that each collect, learn and go on by themselves: numbered tickets up to a limit
// that worker 0 moves, and reports of finished segments in the order in which they were finished. In shared memory.
//
// A worker that waits for nobody else but the limit runs freely as long as worker 0 keeps the limit ahead. Worker 0 counts
// rounds by the reports, and pauses the others while it looks at what they share.
//
// Tickets are drawn and reports written under a lock, in an order that tells what a worker was at that died in it: the one
// in its place has the same ticket, a report that was whole counts, and the segment of one that was not is lost.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "core/aligned_buffer.hpp"
#include "core/learner.hpp"
#include "parallel/transport/doorbell.hpp"
#include "parallel/transport/fault_counts.hpp"
#include "parallel/transport/shared_lock.hpp"
#include "parallel/transport/shared_region.hpp"

namespace prl {

// What a worker says of a segment that it has learned from.
struct SegmentReport {
  int worker = 0;
  long lag =
      0;  // updates by others between the copy that acted and the segment's first update, or merges since the last
  long environment_steps = 0;
  long steps_to_solved = 0;  // until an episode that counts as solved had ended; 0: none had
  long episodes = 0;
  double return_sum = 0.0;             // of the episodes that ended
  double collecting_seconds = 0.0;     // acting and stepping, step cost included
  double learning_seconds = 0.0;       // gradients, copying and stepping the parameters
  double pulling_seconds = 0.0;        // copying them
  double pushing_seconds = 0.0;        // stepping them
  int updates = 0;                     // of the segment
  std::optional<ReplayCounts> replay;  // of the worker's own, after the segment
  std::uint64_t pulls = 0;
  std::uint64_t pushes = 0;
};

class SegmentTickets {
 public:
  static std::size_t bytes_for(int workers, std::uint64_t most_open);

  // At most `most_open` segments may be open and not reported, in `region`, which must outlive this. None is open.
  SegmentTickets(SharedRegion& region, int workers, std::uint64_t most_open);

  // Any worker, of which each is at one segment at a time: it begins a segment, if its ticket is below the limit, and
  // finishes it or gives it up. They throw what the waiter's watch throws.
  bool begin(int worker, const Waiter& waiter);
  void finish(int worker, const SegmentReport& report, const Waiter& waiter);
  void give_up(int worker);
  // The same, waiting until it may begin. Returns false once the segments have ended.
  bool await_begin(int worker, const Waiter& waiter);
  // Set by end(): looked at while working.
  const std::atomic<bool>& ended() const { return words_.ended; }
  // Whether steps pay their cost.
  bool charged() const { return words_.charged.load(); }

  // Worker 0: the segments below `limit` may be begun. Throws std::logic_error if more than most_open are not yet taken.
  void open_until(std::uint64_t limit);
  // From the next segments on.
  void charge_step_cost(bool charge) { words_.charged.store(charge); }
  // The report of the next segment in the order in which they were finished. Returns false if there is none yet.
  bool take(SegmentReport& report);
  void await_report(const Waiter& waiter);
  // Reports taken so far.
  std::uint64_t taken() const { return taken_; }
  // Lets none begin any more and returns once nobody but the caller is at one. open_until() goes on. Throws what the
  // waiter's watch throws.
  void pause(const Waiter& waiter);
  // Makes every worker leave, soon.
  void end();

  // For a worker that has died, at whatever moment. Returns whether it had finished a segment since it was started.
  bool recover(int worker);
  // How often another took the worker's place, and segments that all of those that were this worker have finished.
  std::uint32_t starts(int worker) const { return seat(worker).starts.load(); }
  std::uint64_t finished_by(int worker) const { return seat(worker).finished.load(); }
  // `segments_begun` and `segments_lost`; segments that were given up count as under way.
  FaultCounts counts() const;

 private:
  struct alignas(kCacheLineBytes) Seat {
    std::atomic<bool> working{false};
    std::atomic<bool> has_ticket{false};
    std::atomic<std::uint64_t> ticket{0};
    std::atomic<std::uint64_t> begun{0};
    std::atomic<std::uint64_t> finished{0};
    std::atomic<std::uint64_t> reporting{0};  // number of the report that is being written; 0: none
    std::uint64_t finished_after = 0;         // `finished` once it is
    // Of all that were this worker and died.
    std::atomic<std::uint64_t> lost{0};
    std::atomic<std::uint32_t> starts{0};
    std::uint64_t finished_before = 0;  // the last start
  };
  struct alignas(kCacheLineBytes) Slot {
    std::atomic<std::uint64_t> number{0};  // of the report in it, from 1; 0: none yet
    SegmentReport report;
  };
  struct Words {
    SharedLock lock;
    std::atomic<std::uint64_t> tickets{0};   // drawn; under the lock, like the next
    std::atomic<std::uint64_t> finished{0};  // reports written
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> limit{0};
    std::atomic<bool> ended{false};
    std::atomic<bool> charged{true};
    Doorbell opened;
    Doorbell reported;
  };

  void draw(Seat& own, const Waiter& waiter);
  void count_report(Seat& reporter);

  Seat& seat(int worker) { return seats_[static_cast<std::size_t>(worker)]; }
  const Seat& seat(int worker) const { return seats_[static_cast<std::size_t>(worker)]; }
  Slot& slot(std::uint64_t number) { return slots_[static_cast<std::size_t>(number % slots_.size())]; }

  std::span<Seat> seats_;
  std::span<Slot> slots_;
  Words& words_;
  std::uint64_t taken_ = 0;  // worker 0's
};

}  // namespace prl

// A team of workers that share memory and run the same function: the caller alone, with threads, or with forked
// processes. Worker 0 is the caller. What they work on lies in memory that they share, made before they are
// (parallel/transport/shared_region.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "parallel/transport/communication.hpp"
#include "parallel/transport/shared_barrier.hpp"

namespace prl {

enum class TeamPlace { kSerial, kThreads, kProcesses };

constexpr std::string_view name_of(TeamPlace place) {
  if (place == TeamPlace::kSerial) return "serial";
  return place == TeamPlace::kThreads ? "threads" : "processes";
}

// What the members of a team have in common. In shared memory.
struct TeamBoard {
  explicit TeamBoard(int workers) : barrier(workers) {}

  SharedBarrier barrier;
  alignas(kCacheLineBytes) std::atomic<bool> stop{false};
  std::atomic<bool> leave{false};  // `stop` as it was when the last member arrived
  double start_seconds = 0.0;      // written by the last to arrive
  double finish_seconds = 0.0;
  std::atomic<bool> dismissed{false};
  Doorbell dismissal;
};

// One member's view of its team.
class TeamMember {
 public:
  // `outer_stop` is the caller's request to stop, which worker 0 passes on; null for the others.
  TeamMember(TeamBoard& board, int worker, int workers, Waiter waiter, const std::atomic<bool>* outer_stop)
      : board_(board), worker_(worker), workers_(workers), waiter_(std::move(waiter)), outer_stop_(outer_stop) {}

  int worker() const { return worker_; }
  int workers() const { return workers_; }

  // How this member waits, wherever it does.
  const Waiter& waiter() const { return waiter_; }

  // Nobody passes before all have arrived; what was written before is visible after.
  void meet() { board_.barrier.arrive_and_wait(waiter_); }

  // The same; the last to arrive notes the time in `seconds`. Who wakes late does not make the clock late.
  void meet_and_note(double& seconds) {
    board_.barrier.arrive_and_wait(waiter_, [&seconds] { seconds = monotonic_seconds(); });
  }

  // The same, and the same answer for all: whether nobody had asked to stop when the last member arrived.
  bool meet_and_go_on() {
    pass_stop_on();
    board_.barrier.arrive_and_wait(waiter_, [this] {
      board_.leave.store(board_.stop.load(std::memory_order_relaxed), std::memory_order_relaxed);
    });
    return !board_.leave.load(std::memory_order_relaxed);
  }

  // Since all had started.
  double elapsed_seconds() const { return monotonic_seconds() - board_.start_seconds; }

  // For workers that do not meet: looked at now and then.
  bool stopping() {
    pass_stop_on();
    return board_.stop.load(std::memory_order_relaxed);
  }
  const std::atomic<bool>& stop() const { return board_.stop; }
  void request_stop() { board_.stop.store(true, std::memory_order_relaxed); }

 private:
  void pass_stop_on() {
    if (outer_stop_ != nullptr && outer_stop_->load(std::memory_order_relaxed)) request_stop();
  }

  TeamBoard& board_;
  int worker_;
  int workers_;
  Waiter waiter_;
  const std::atomic<bool>* outer_stop_;
};

using TeamWork = std::function<void(TeamMember& member)>;

// Runs `work` on every worker and returns once all are done; the result is the seconds from when all had started to
// when all had finished. `work` must not throw. When `stop` is set, members are asked to.
// Throws std::invalid_argument for less than one worker or more than one serial one, std::runtime_error where threads or
// processes cannot be had, and WorkerDied when a process ends early.
double run_team(TeamPlace place, int workers, const std::atomic<bool>& stop, const TeamWork& work);

}  // namespace prl

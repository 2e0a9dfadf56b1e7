#include "parallel/tabular/worker_team.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/step_cost.hpp"
#include "parallel/transport/core_share.hpp"
#include "parallel/transport/process_group.hpp"
#include "parallel/transport/shared_region.hpp"
#include "parallel/transport/turn_gate.hpp"

namespace prl {
namespace {

void check_team(TeamPlace place, int workers) {
  if (workers < 1) throw std::invalid_argument(std::to_string(workers) + " workers: give at least one");
  if (place == TeamPlace::kSerial && workers > 1) {
    throw std::invalid_argument(std::to_string(workers) + " serial workers: give one, or threads or processes");
  }
}

void take_part(TeamBoard& board, TeamMember& member, const TeamWork& work) {
  request_precise_sleep();
  const CoreShare share(member.worker(), member.workers());
  member.meet_and_note(board.start_seconds);
  work(member);
  member.meet_and_note(board.finish_seconds);
}

// Threads that wait for their start, so that those that were had can be sent home when one is missing.
class TeamThreads {
 public:
  TeamThreads(int threads, const std::function<void(int worker)>& serve) : gate_(threads) {
    try {
      for (int worker = 1; worker <= threads; ++worker) {
        threads_.emplace_back([this, worker, serve] {
          gate_.await_turn(0, {});
          if (!home_.load()) serve(worker);
        });
      }
    } catch (const std::system_error& error) {
      home_.store(true);
      join();
      throw std::runtime_error("no more than " + std::to_string(threads_.size() + 1) +
                               " threads can be had: " + error.what() + "; use fewer workers");
    }
  }
  ~TeamThreads() { join(); }
  TeamThreads(const TeamThreads&) = delete;
  TeamThreads& operator=(const TeamThreads&) = delete;

  void start() {
    started_ = true;
    gate_.start();
  }

 private:
  void join() {
    if (!started_) {
      home_.store(true);
      start();
    }
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  TurnGate gate_;
  std::atomic<bool> home_{false};
  bool started_ = false;
  std::vector<std::thread> threads_;
};

void run_threads(TeamBoard& board, int workers, const std::atomic<bool>& stop, const TeamWork& work) {
  TeamThreads threads(workers - 1, [&](int worker) {
    TeamMember member(board, worker, workers, waiter_for(workers), nullptr);
    take_part(board, member, work);
  });
  threads.start();
  TeamMember member(board, 0, workers, waiter_for(workers), &stop);
  take_part(board, member, work);
}

// Members stay until they are dismissed: one that ended by itself could not be told from one that died.
void run_processes(TeamBoard& board, int workers, const std::atomic<bool>& stop, const TeamWork& work) {
  ProcessGroup processes(
      workers,
      [&](int worker) {
        const Waiter waiter = waiter_for(workers);
        TeamMember member(board, worker, workers, waiter, nullptr);
        take_part(board, member, work);
        board.dismissal.wait([&board] { return board.dismissed.load(); }, waiter);
      },
      [&board] {
        board.stop.store(true);
        board.dismissed.store(true);
        board.dismissal.ring();
      });
  TeamMember member(board, 0, workers, waiter_for(workers, [&processes] { processes.check_alive(); }), &stop);
  take_part(board, member, work);
}

}  // namespace

double run_team(TeamPlace place, int workers, const std::atomic<bool>& stop, const TeamWork& work) {
  check_team(place, workers);
  SharedRegion region("a team's barrier", SharedRegion::bytes_for<TeamBoard>(1));
  TeamBoard& board = region.make<TeamBoard>(workers);
  if (place == TeamPlace::kProcesses) {
    run_processes(board, workers, stop, work);
  } else {
    run_threads(board, workers, stop, work);
  }
  return board.finish_seconds - board.start_seconds;
}

}  // namespace prl

// A group of forked processes whose members are replaced when they die.
//
// Forking needs a process with one thread, and the run's process has LibTorch by the time that a member dies. So it forks
// one process at the start that stays as it was: the nursery, which forks the members, waits for their ends, puts right
// what a dead one held in shared memory, and forks its successor from the state that the first had started from.
//
// Nobody is left behind: the kernel kills the nursery when the run's process ends, and the members when the nursery ends,
// however either of them does. Members and nursery ignore SIGINT and SIGTERM (process_group.hpp).
//
// A member that leaves by itself, with exit status 0, is not replaced. One whose kMostFruitlessStarts last processes all
// died before they had finished any work would go on dying: then the whole run ends.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <span>

#include "parallel/transport/doorbell.hpp"
#include "parallel/transport/fault_counts.hpp"
#include "parallel/transport/process_group.hpp"
#include "parallel/transport/shared_region.hpp"

namespace prl {

inline constexpr int kMostFruitlessStarts = 3;

class Nursery {
 public:
  // Puts right what a member that has died held, before its successor starts. Called in the nursery: it sees and changes
  // shared memory only. Returns whether the dead process had finished any work since it was started.
  using Recover = std::function<bool(int member)>;

  // Starts members 1 .. members - 1. `tell_to_stop` must make every member_main return soon; the destructor calls it.
  // Throws std::runtime_error where processes cannot be had or this process already has several threads.
  Nursery(int members, const ProcessGroup::MemberMain& member_main, std::function<void()> tell_to_stop,
          const Recover& recover);
  ~Nursery();
  Nursery(const Nursery&) = delete;
  Nursery& operator=(const Nursery&) = delete;

  // Throws WorkerDied if members cannot be replaced any more. Costs a system call.
  void check();

  // The process that was the last to begin as that member; 0 before the first has.
  pid_t process(int member) const { return processes_[static_cast<std::size_t>(member)].load(); }
  // `ended` and `replaced`.
  FaultCounts counts() const;

 private:
  struct Words {
    std::atomic<bool> started{false};
    std::atomic<bool> stopping{false};
    std::atomic<bool> failed{false};
    std::array<char, 512> error{};
    std::atomic<long> ended{0};
    std::atomic<long> replaced{0};
    Doorbell changed;
  };

  // In the nursery.
  void nurse(int members, const ProcessGroup::MemberMain& member_main, const Recover& recover);
  void replace_until_all_have_left(ProcessGroup& members, const Recover& recover);
  void fail(const std::string& error);

  SharedRegion region_;
  Words& words_;
  std::span<std::atomic<pid_t>> processes_;  // by member
  std::unique_ptr<ProcessGroup> keeper_;     // the nursery
};

}  // namespace prl

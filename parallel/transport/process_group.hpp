// A group of forked processes around the calling one, which is member 0.
//
// No member outlives the group: members are killed by the kernel when the parent ends, however it ends, and asked to
// stop, waited for, killed and reaped by the destructor. They ignore SIGINT and SIGTERM, which a terminal or a time
// limit sends to all processes at once: the parent decides when to stop and tells them.
//
// Forking needs a process with one thread, because a child has only the thread that forked while the locks of the
// others stay as they were. Hence groups are made before LibTorch, MPI or oneTBB are used.
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

namespace prl {

class ProcessGroup {
 public:
  // What a member does; it ends with exit status 0 on return and, after printing one line, 1 on an exception.
  using MemberMain = std::function<void(int member)>;

  // Forks members 1 .. members - 1. `tell_to_stop` must make every member_main return soon; the destructor calls it.
  // Throws std::runtime_error where processes cannot be had or this process already has several threads.
  ProcessGroup(int members, const MemberMain& member_main, std::function<void()> tell_to_stop);
  ~ProcessGroup();
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;

  int size() const { return static_cast<int>(processes_.size()) + 1; }
  pid_t process(int member) const { return processes_[static_cast<std::size_t>(member) - 1].pid; }

  // Throws WorkerDied if a member has ended. Costs a system call.
  void check_alive();

 private:
  struct Process {
    pid_t pid = -1;
    int descriptor = -1;  // becomes readable when the process ends (pidfd)
  };

  void start_member(int member, const MemberMain& member_main);
  // Reaps members that have ended, for at most `seconds`. Returns whether all have.
  bool reap_within(double seconds);
  void stop_all();

  std::vector<Process> processes_;
  std::function<void()> tell_to_stop_;
};

}  // namespace prl

// A group of forked processes around the calling one, which is member 0.
//
// No member outlives the group: members are killed by the kernel when the parent ends, however it ends, and asked to
// stop, waited for, killed and reaped by the destructor. They ignore SIGINT and SIGTERM, which a terminal or a time
// limit sends to all processes at once: the parent decides when to stop and tells them.
//
// Forking needs a process with one thread, because a child has only the thread that forked while the locks of the
// others stay as they were. Hence groups are made before LibTorch, MPI or oneTBB are used.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace prl {

// The member of its group that this process is; 0 in one that no group has forked.
int own_member();

// Writes a line to standard error, whole among those of other processes.
void write_line(const std::string& line);

class ProcessGroup {
 public:
  // What a member does; it ends with exit status 0 on return and, after printing one line, 1 on an exception.
  using MemberMain = std::function<void(int member)>;

  // Forks members 1 .. members - 1. `tell_to_stop` must make every member_main return soon; the destructor calls it.
  // Throws std::runtime_error where processes cannot be had or this process already has several threads.
  ProcessGroup(int members, MemberMain member_main, std::function<void()> tell_to_stop);
  ~ProcessGroup();
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;

  int size() const { return static_cast<int>(processes_.size()) + 1; }
  // -1 after its end was noticed.
  pid_t process(int member) const { return processes_[static_cast<std::size_t>(member) - 1].pid; }

  // Throws WorkerDied if a member has ended. Costs a system call.
  void check_alive();

  // How a member ended.
  struct End {
    int member = 0;
    pid_t process = -1;
    int wait_status = 0;  // as waitpid() gives it

    // Whether it returned from its member_main.
    bool returned() const;
    // "was killed by signal 9 (Killed)"
    std::string how() const;
    // The same after "worker 2 (process 77) ".
    std::string text() const;
    // What a user may do about it.
    std::string advice() const;
  };
  // Reaps a member that has ended; empty where none has.
  std::optional<End> reap_one();
  // Waits until a member ends, and reaps it. Empty where none is left.
  std::optional<End> await_end();
  // Forks a member that has ended once more. Throws std::runtime_error.
  void restart(int member) { start_member(member); }

 private:
  struct Process {
    pid_t pid = -1;
    int descriptor = -1;  // becomes readable when the process ends (pidfd)
  };

  void start_member(int member);
  std::vector<pollfd> descriptors() const;
  // Reaps members that have ended, for at most `seconds`. Returns whether all have.
  bool reap_within(double seconds);
  void stop_all();

  MemberMain member_main_;
  std::vector<Process> processes_;
  std::function<void()> tell_to_stop_;
};

}  // namespace prl

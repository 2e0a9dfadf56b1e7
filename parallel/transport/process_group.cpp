#include "parallel/transport/process_group.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "parallel/transport/communication.hpp"
#include "parallel/transport/worker_died.hpp"

namespace prl {
namespace {

constexpr double kPatienceSeconds = 2.0;

int member_of_this_process = 0;

#if defined(__SANITIZE_THREAD__)
constexpr int kOwnThreads = 2;  // the sanitizer has one of its own
#else
constexpr int kOwnThreads = 1;
#endif

std::ptrdiff_t count_threads() { return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}); }

void require_single_thread() {
  // A thread that was joined a moment ago may still be listed.
  constexpr int kLooks = 50;
  std::ptrdiff_t threads = count_threads();
  for (int look = 0; look < kLooks && threads > kOwnThreads; ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    threads = count_threads();
  }
  if (threads > kOwnThreads) {
    throw std::runtime_error("worker processes cannot be forked from a process with " + std::to_string(threads) +
                             " threads: start them before LibTorch, MPI or oneTBB are used");
  }
}

int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

// In the child. _exit: the parent's destructors and buffered output are not the child's to run or to print.
[[noreturn]] void run_member(int member, const ProcessGroup::MemberMain& member_main) {
  int status = 1;
  try {
    member_main(member);
    status = 0;
  } catch (const std::exception& error) {
    write_line("prl: worker " + std::to_string(member) + ": " + error.what());
  } catch (...) {
    write_line("prl: worker " + std::to_string(member) + ": unknown error");
  }
  _exit(status);
}

}  // namespace

void write_line(const std::string& line) {
  const std::string text = line + "\n";
  // One call, so that lines of several processes do not mix; nothing can be done if it fails.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

int own_member() { return member_of_this_process; }

bool ProcessGroup::End::returned() const { return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0; }

std::string ProcessGroup::End::how() const {
  if (!WIFSIGNALED(wait_status)) return "ended with exit status " + std::to_string(WEXITSTATUS(wait_status));
  const int signal = WTERMSIG(wait_status);
  return "was killed by signal " + std::to_string(signal) + " (" + strsignal(signal) + ")";
}

std::string ProcessGroup::End::text() const {
  return "worker " + std::to_string(member) + " (process " + std::to_string(process) + ") " + how();
}

std::string ProcessGroup::End::advice() const {
  if (!WIFSIGNALED(wait_status)) return "its own message is above: remove the cause and run again";
  return WTERMSIG(wait_status) == SIGKILL ? "if memory ran out, use fewer workers or environments, then run again"
                                          : "this is a fault of the program: run again with --workers 1 to see where";
}

ProcessGroup::ProcessGroup(int members, MemberMain member_main, std::function<void()> tell_to_stop)
    : member_main_(std::move(member_main)),
      processes_(static_cast<std::size_t>(members > 1 ? members - 1 : 0)),
      tell_to_stop_(std::move(tell_to_stop)) {
  if (members > 1) require_single_thread();
  try {
    for (int member = 1; member < members; ++member) start_member(member);
  } catch (...) {
    stop_all();
    throw;
  }
}

ProcessGroup::~ProcessGroup() { stop_all(); }

void ProcessGroup::start_member(int member) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);  // the parent ended before the line above
    member_of_this_process = member;
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGTERM, SIG_IGN);
    for (const Process& sibling : processes_) {
      if (sibling.descriptor >= 0) close(sibling.descriptor);
    }
    run_member(member, member_main_);
  }
  const int descriptor = pid > 0 ? open_pidfd(pid) : -1;
  if (descriptor >= 0) {
    processes_[static_cast<std::size_t>(member) - 1] = {pid, descriptor};
    return;
  }
  const int error = errno;
  if (pid > 0) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  throw std::runtime_error("worker process " + std::to_string(member) +
                           " could not be started: " + std::strerror(error) +
                           "; use fewer workers, or raise the limit on processes or open files (ulimit -u, ulimit -n)");
}

std::optional<ProcessGroup::End> ProcessGroup::reap_one() {
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    Process& process = processes_[i];
    if (process.pid < 0) continue;
    End end{static_cast<int>(i) + 1, process.pid, 0};
    if (waitpid(process.pid, &end.wait_status, WNOHANG) == 0) continue;
    close(process.descriptor);
    process = {};
    return end;
  }
  return std::nullopt;
}

void ProcessGroup::check_alive() {
  if (const std::optional<End> end = reap_one()) throw WorkerDied(end->text() + "; " + end->advice());
}

std::optional<ProcessGroup::End> ProcessGroup::await_end() {
  while (true) {
    if (std::optional<End> end = reap_one()) return end;
    std::vector<pollfd> alive = descriptors();
    if (alive.empty()) return std::nullopt;
    poll(alive.data(), alive.size(), -1);
  }
}

std::vector<pollfd> ProcessGroup::descriptors() const {
  std::vector<pollfd> alive;
  for (const Process& process : processes_) {
    if (process.pid >= 0) alive.push_back({process.descriptor, POLLIN, 0});
  }
  return alive;
}

bool ProcessGroup::reap_within(double seconds) {
  const double deadline = monotonic_seconds() + seconds;
  while (true) {
    while (reap_one()) {
    }
    std::vector<pollfd> alive = descriptors();
    const double left_seconds = deadline - monotonic_seconds();
    if (alive.empty() || left_seconds <= 0.0) return alive.empty();
    poll(alive.data(), alive.size(), static_cast<int>(left_seconds * 1e3) + 1);
  }
}

void ProcessGroup::stop_all() {
  if (processes_.empty()) return;
  if (tell_to_stop_) tell_to_stop_();
  if (reap_within(kPatienceSeconds)) return;
  for (const Process& process : processes_) {
    if (process.pid >= 0) kill(process.pid, SIGKILL);
  }
  for (const Process& process : processes_) {
    if (process.pid < 0) continue;
    waitpid(process.pid, nullptr, 0);
    close(process.descriptor);
  }
}

}  // namespace prl

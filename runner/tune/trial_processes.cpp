#include "runner/tune/trial_processes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "parallel/transport/communication.hpp"
#include "parallel/transport/core_share.hpp"
#include "parallel/transport/usable_cores.hpp"

namespace prl {
namespace {

// A trial of a rank is no rank itself, so it must not find a launcher's variables.
bool is_of_launcher(std::string_view variable) {
  const std::string_view prefixes[] = {"OMPI_", "PMIX_", "PMI_", "MV2_COMM_", "SLURM_NTASKS="};
  return std::any_of(std::begin(prefixes), std::end(prefixes),
                     [variable](std::string_view prefix) { return variable.substr(0, prefix.size()) == prefix; });
}

std::vector<char*> environment_of_trials() {
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!is_of_launcher(*variable)) variables.push_back(*variable);
  }
  variables.push_back(nullptr);
  return variables;
}

// What the log says of the failure: prl's last line.
std::string last_error(const std::filesystem::path& log) {
  constexpr std::string_view kPrefix = "prl: ";
  std::ifstream file(log);
  std::string error;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(kPrefix, 0) == 0) error = line.substr(kPrefix.size());
  }
  return error;
}

std::string describe_end(int wait_status, const std::filesystem::path& log) {
  if (WIFSIGNALED(wait_status)) {
    const int signal = WTERMSIG(wait_status);
    return fmt::format("it was killed by signal {} ({})", signal, strsignal(signal));
  }
  if (WEXITSTATUS(wait_status) == 0) return "";
  const std::string error = last_error(log);
  return error.empty() ? fmt::format("it ended with exit status {}", WEXITSTATUS(wait_status)) : error;
}

// In the child: only calls that a forked process may make.
[[noreturn]] void become_trial(const char* program, const char* log, char* const* arguments, char* const* variables,
                               pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // the parent ended before the line above
  const int descriptor = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (descriptor < 0) _exit(1);
  dup2(descriptor, STDOUT_FILENO);
  dup2(descriptor, STDERR_FILENO);
  execve(program, arguments, variables);
  _exit(1);
}

}  // namespace

TrialProcesses::TrialProcesses(int workers, bool share_cores, double patience_seconds)
    : slots_(static_cast<std::size_t>(workers)),
      program_(std::filesystem::read_symlink("/proc/self/exe")),
      share_cores_(share_cores),
      patience_seconds_(patience_seconds) {
  process_affinity();  // of all cores, before a child is kept to some
}

TrialProcesses::~TrialProcesses() {
  signal_all(SIGKILL);
  for (Slot& slot : slots_) {
    if (slot.pid < 0) continue;
    waitpid(slot.pid, nullptr, 0);
    close(slot.descriptor);
  }
}

std::optional<int> TrialProcesses::free_worker() const {
  const auto slot = std::find_if(slots_.begin(), slots_.end(), [](const Slot& s) { return s.pid < 0; });
  if (slot == slots_.end()) return std::nullopt;
  return static_cast<int>(slot - slots_.begin());
}

void TrialProcesses::start(int worker, const TrialJob& job) {
  std::vector<std::string> words = {"prl"};
  words.insert(words.end(), job.arguments.begin(), job.arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::vector<char*> variables = environment_of_trials();
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    if (share_cores_) keep_to_core_share(worker, workers());
    become_trial(program_.c_str(), job.log.c_str(), arguments.data(), variables.data(), parent);
  }
  const int descriptor = pid > 0 ? static_cast<int>(syscall(SYS_pidfd_open, pid, 0)) : -1;
  if (descriptor < 0) {
    const int error = errno;
    if (pid > 0) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    throw std::runtime_error(fmt::format(
        "a trial could not be started: {}; use fewer --workers, or raise the limit on processes or open files (ulimit "
        "-u, ulimit -n), then go on with --resume",
        std::strerror(error)));
  }
  slots_[static_cast<std::size_t>(worker)] = {pid, descriptor, job.log};
}

std::vector<TrialEnd> TrialProcesses::reap() {
  std::vector<TrialEnd> ends;
  for (std::size_t worker = 0; worker < slots_.size(); ++worker) {
    Slot& slot = slots_[worker];
    int status = 0;
    if (slot.pid < 0 || waitpid(slot.pid, &status, WNOHANG) == 0) continue;
    close(slot.descriptor);
    ends.push_back({static_cast<int>(worker), describe_end(status, slot.log)});
    slot = {};
  }
  return ends;
}

std::vector<TrialEnd> TrialProcesses::await(double seconds) {
  const double deadline = monotonic_seconds() + seconds;
  while (true) {
    std::vector<TrialEnd> ends = reap();
    std::vector<pollfd> running;
    for (const Slot& slot : slots_) {
      if (slot.pid >= 0) running.push_back({slot.descriptor, POLLIN, 0});
    }
    const double left_seconds = deadline - monotonic_seconds();
    if (!ends.empty() || running.empty() || left_seconds <= 0.0) return ends;
    // A signal to this process ends the wait, so that the caller can look at what it asked for.
    if (poll(running.data(), running.size(), static_cast<int>(left_seconds * 1e3) + 1) < 0) return reap();
  }
}

void TrialProcesses::signal_all(int signal) {
  for (const Slot& slot : slots_) {
    if (slot.pid >= 0) kill(slot.pid, signal);
  }
}

void TrialProcesses::stop() {
  signal_all(SIGTERM);
  const double deadline = monotonic_seconds() + patience_seconds_;
  const auto some_run = [this] {
    return std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.pid >= 0; });
  };
  while (some_run() && monotonic_seconds() < deadline) await(deadline - monotonic_seconds());
  signal_all(SIGKILL);
  while (some_run()) await(patience_seconds_);
}

}  // namespace prl

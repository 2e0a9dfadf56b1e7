// Groups of forked processes: what can't be had is an error in one line, and members leave when told and are killed
// when they don't.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "parallel/transport/process_group.hpp"
#include "parallel/transport/shared_region.hpp"
#include "parallel/transport/usable_cores.hpp"
#include "parallel/transport/worker_died.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_expectations.hpp"

using namespace prl;
using namespace prl::test;

namespace {

bool has_children() { return !(waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD); }

void sleep_for_ever() {
  while (true) pause();
}

}  // namespace

TEST_CASE("a process with several threads cannot fork workers") {
  std::atomic<bool> end{false};
  std::thread other([&] {
    while (!end.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  const std::string message = error_of([] {
    ProcessGroup(
        2, [](int) {}, [] {});
  });
  end.store(true);
  other.join();
  CHECK(contains(message, "threads: start them before LibTorch, MPI or oneTBB"));
  CHECK_NOTHROW(ProcessGroup(
      2, [](int) {}, [] {}));
}

TEST_CASE("a process that cannot be had is a one-line error, and those that were started are gone") {
  int pipe_ends[2];
  REQUIRE(pipe(pipe_ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    // Descriptors, not processes, are what is limited: a limit on processes does not bind a superuser.
    const rlimit few{16, 16};
    setrlimit(RLIMIT_NOFILE, &few);
    const std::string message = error_of([] {
      ProcessGroup(
          64, [](int) { sleep_for_ever(); }, [] {});
    });
    const std::string text = message + (has_children() ? "; CHILDREN LEFT" : "; none left");
    const bool told = write(pipe_ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    _exit(told ? 0 : 1);
  }
  close(pipe_ends[1]);
  std::string text(4096, '\0');
  const ssize_t length = read(pipe_ends[0], text.data(), text.size());
  text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  close(pipe_ends[0]);
  waitpid(child, nullptr, 0);
  CHECK(contains(text, "could not be started"));
  CHECK(contains(text, "use fewer workers"));
  CHECK_FALSE(contains(text, "\n"));
  CHECK(contains(text, "; none left"));
}

TEST_CASE("members run with their number and are reaped") {
  SharedRegion region("a test", SharedRegion::bytes_for<std::atomic<int>>(8));
  const auto seen = region.carve<std::atomic<int>>(8);
  {
    ProcessGroup group(
        8, [&](int member) { seen[static_cast<std::size_t>(member)].store(member + 100); }, [] {});
    CHECK(group.size() == 8);
  }
  for (int member = 1; member < 8; ++member) CHECK(seen[static_cast<std::size_t>(member)].load() == member + 100);
  CHECK(seen[0].load() == 0);
  CHECK_FALSE(has_children());
}

TEST_CASE("members ignore the terminal's interrupt and are killed if they do not leave when told") {
  {
    ProcessGroup group(
        3, [](int) { sleep_for_ever(); }, [] {});
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    kill(group.process(1), SIGINT);
    kill(group.process(2), SIGTERM);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK_NOTHROW(group.check_alive());
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("the way in which a member ended is told") {
  const auto message_after = [](const ProcessGroup::MemberMain& member_main) {
    ProcessGroup group(2, member_main, [] {});
    for (int look = 0; look < 5000; ++look) {
      const std::string message = error_of([&] { group.check_alive(); });
      if (!message.empty()) return message;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return std::string("still alive");
  };
  CHECK(contains(message_after([](int) { raise(SIGUSR1); }), "was killed by signal 10"));
  CHECK(contains(message_after([](int) { _exit(3); }), "ended with exit status 3"));
  CHECK(contains(message_after([](int) { throw std::runtime_error("broken"); }), "ended with exit status 1"));
}

TEST_CASE("a shared region refuses what it has no room for") {
  SharedRegion region("a test", SharedRegion::bytes_for<double>(4));
  const auto values = region.carve<double>(4);
  CHECK(reinterpret_cast<std::uintptr_t>(values.data()) % kCacheLineBytes == 0);
  CHECK(values[3] == 0.0);
  CHECK_THROWS_AS(region.carve<char>(1), std::length_error);
  const std::string message = error_of([] { SharedRegion("a test", std::size_t{1} << 60); });
  CHECK(contains(message, "for a test"));
  CHECK(contains(message, "use fewer environments"));
}

TEST_CASE("cores are limited by the tightest control group above this process") {
  const std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("prl_groups_" + std::to_string(getpid()));
  const auto write_file = [&](const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  };
  write_file("a/cpu.max", "250000 100000\n");
  write_file("a/b/cpu.max", "max 100000\n");
  write_file("cpu/c/cpu.cfs_quota_us", "150000\n");
  write_file("cpu/c/cpu.cfs_period_us", "100000\n");
  write_file("cpu/d/cpu.cfs_quota_us", "-1\n");
  write_file("cpu/d/cpu.cfs_period_us", "100000\n");
  CHECK(control_group_cores("0::/a/b\n", root) == 2.5);
  CHECK(control_group_cores("0::/a\n4:memory:/x\n", root) == 2.5);
  CHECK(std::isinf(control_group_cores("0::/elsewhere\n", root)));
  CHECK(control_group_cores("3:cpu,cpuacct:/c\n", root) == 1.5);
  CHECK(std::isinf(control_group_cores("3:cpuset:/c\n1:cpu:/d\n", root)));
  CHECK(usable_cores() >= 1);
  CHECK(usable_cores() <= static_cast<int>(std::thread::hardware_concurrency()));
  std::filesystem::remove_all(root);
}

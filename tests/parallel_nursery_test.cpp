// Members that die are replaced: what they held is put right first, nobody is left behind, and dying without end ends.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <thread>

#include "parallel/transport/nursery.hpp"
#include "parallel/transport/worker_died.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_expectations.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr int kMembers = 4;

// What members and test share.
struct Seen {
  std::atomic<bool> end{false};
  std::atomic<int> starts{0};
  std::atomic<int> recoveries{0};
  std::atomic<int> recovered_late{0};
  std::atomic<int> left{0};
};

class Group {
 public:
  explicit Group(bool useful, const std::function<void(int member, int start)>& at_start = {})
      : region_("a test", SharedRegion::bytes_for<Seen>(kMembers)),
        seen_(region_.carve<Seen>(kMembers)),
        nursery_(
            kMembers,
            [this, at_start](int member) {
              Seen& own = of(member);
              const int start = own.starts.fetch_add(1);
              if (own.recoveries.load() != start) own.recovered_late.store(1);
              if (at_start) at_start(member, start);
              while (!own.end.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
              own.left.store(1);
            },
            [this] {
              for (Seen& seen : seen_) seen.end.store(true);
            },
            [this, useful](int member) {
              of(member).recoveries.fetch_add(1);
              return useful;
            }) {}

  Seen& of(int member) { return seen_[static_cast<std::size_t>(member)]; }
  Nursery& nursery() { return nursery_; }

  // Whether `condition` comes to hold within some seconds.
  template <typename Condition>
  static bool comes(const Condition& condition) {
    for (int look = 0; look < 5000; ++look) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }

 private:
  SharedRegion region_;
  std::span<Seen> seen_;
  Nursery nursery_;
};

bool has_children() { return !(waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD); }

// Gone, or dead and not yet reaped by whoever has inherited it.
bool is_gone(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return true;
  return text[text.rfind(')') + 2] == 'Z';
}

}  // namespace

TEST_CASE("a member that is killed is recovered, then replaced, again and again") {
  std::vector<pid_t> all;
  {
    Group group(true);
    for (int death = 1; death <= 6; ++death) {
      REQUIRE(Group::comes([&] { return group.of(2).starts.load() == death; }));
      all.push_back(group.nursery().process(2));
      kill(all.back(), SIGKILL);
    }
    REQUIRE(Group::comes([&] { return group.nursery().counts().replaced == 6; }));
    REQUIRE(Group::comes([&] { return group.of(2).starts.load() == 7; }));
    CHECK(group.nursery().counts().ended == 6);
    CHECK(group.of(2).recoveries.load() == 6);
    for (const int member : {1, 3}) {
      CHECK(group.of(member).starts.load() == 1);
      CHECK(group.of(member).recoveries.load() == 0);
    }
    CHECK_NOTHROW(group.nursery().check());
    for (int member = 1; member < kMembers; ++member) {
      REQUIRE(Group::comes([&] { return group.nursery().process(member) != 0; }));
      all.push_back(group.nursery().process(member));
      CHECK(group.of(member).recovered_late.load() == 0);
    }
  }
  CHECK_FALSE(has_children());
  for (const pid_t process : all) CHECK(Group::comes([&] { return is_gone(process); }));
}

TEST_CASE("members that leave when told are not replaced, and what they did is whole") {
  SharedRegion region("a test", SharedRegion::bytes_for<std::atomic<int>>(1));
  std::atomic<int>& left = region.make<std::atomic<int>>(0);
  {
    Nursery nursery(
        kMembers, [&](int member) { left.fetch_add(member); }, [] {}, [](int) { return true; });
    CHECK(Group::comes([&] { return left.load() == 1 + 2 + 3; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK_NOTHROW(nursery.check());
    CHECK(nursery.counts().ended == 0);
    CHECK(nursery.counts().replaced == 0);
  }
  CHECK(left.load() == 6);
}

TEST_CASE("a member that dies without end ends the group, with one line") {
  Group group(false, [](int member, int) {
    if (member == 3) _exit(5);
  });
  std::string message;
  CHECK(Group::comes([&] { return !(message = error_of([&] { group.nursery().check(); })).empty(); }));
  CHECK(contains(message, "worker 3 (process "));
  CHECK(contains(message, "ended with exit status 5, like the 2 in its place before"));
  CHECK_FALSE(contains(message, "\n"));
  CHECK(group.of(3).starts.load() == kMostFruitlessStarts);
  CHECK(group.nursery().counts().replaced == kMostFruitlessStarts - 1);
}

TEST_CASE("when the nursery is killed its members die with it, and that is told") {
  Group group(true);
  for (int member = 1; member < kMembers; ++member) {
    REQUIRE(Group::comes([&] { return group.of(member).starts.load() == 1; }));
  }
  std::vector<pid_t> members;
  for (int member = 1; member < kMembers; ++member) members.push_back(group.nursery().process(member));
  std::ifstream file("/proc/" + std::to_string(members[0]) + "/stat");
  std::string text;
  std::getline(file, text);
  const pid_t nursery = std::stoi(text.substr(text.rfind(')') + 4));
  REQUIRE(nursery != getpid());
  kill(nursery, SIGKILL);
  std::string message;
  CHECK(Group::comes([&] { return !(message = error_of([&] { group.nursery().check(); })).empty(); }));
  CHECK(contains(message, "the process that starts workers (" + std::to_string(nursery) + ") was killed by signal 9"));
  for (const pid_t member : members) CHECK(Group::comes([&] { return is_gone(member); }));
}

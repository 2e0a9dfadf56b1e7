// Workers that die while they hold what others need: the lock, a ticket, a report half written, a merge half done.
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <thread>
#include <vector>

#include "core/random.hpp"
#include "parallel/agree/hogwild_parameters.hpp"
#include "parallel/agree/merging_server.hpp"
#include "parallel/schedule/companions.hpp"
#include "parallel/schedule/segment_tickets.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_fakes.hpp"

using namespace prl;
using namespace prl::test;

namespace {

const Waiter kSleeper{0.0, {}};

// Runs `work` in a process that is member 1 of a group, until that has ended.
void run_as_member(const std::function<void()>& work) {
  ProcessGroup group(
      2, [&](int) { work(); }, [] {});
  group.await_end();
}

}  // namespace

TEST_CASE("a lock names the member that holds it, and opens when that has died") {
  SharedRegion region("a test", SharedRegion::bytes_for<SharedLock>(1));
  SharedLock& lock = region.make<SharedLock>();
  run_as_member([&] { lock.lock(kSleeper); });
  CHECK(lock.is_held_by(1));
  CHECK_FALSE(lock.unlock_after(2));
  std::atomic<bool> had{false};
  std::thread next([&] {
    const SharedLockHold hold(lock, kSleeper);
    had.store(true);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK_FALSE(had.load());
  CHECK(lock.unlock_after(1));
  next.join();
  CHECK(had.load());
  CHECK_FALSE(lock.is_held_by(0));
}

TEST_CASE("workers that are killed at random moments neither lose a ticket nor a report") {
  constexpr int kWorkers = 4;
  constexpr std::uint64_t kOpen = 64;
  constexpr int kKills = 60;
  SharedRegion region("a test", SegmentTickets::bytes_for(kWorkers, kOpen));
  SegmentTickets tickets(region, kWorkers, kOpen);
  const auto serve = [&](int worker) {
    SegmentReport report;
    report.worker = worker;
    while (tickets.await_begin(worker, kSleeper)) {
      // All at once and always at the lock: most kills meet somebody who holds it.
      report.lag = static_cast<long>(tickets.finished_by(worker));
      tickets.finish(worker, report, kSleeper);
    }
  };
  std::vector<pid_t> killed;
  FaultCounts at_end;
  std::uint64_t taken = 0;
  int wrong = 0;
  {
    Nursery nursery(
        kWorkers, serve, [&] { tickets.end(); },
        [&](int worker) {
          tickets.recover(worker);
          return true;
        });
    const Waiter waiter{0.0, [&] { nursery.check(); }};
    Rng random(1, RandomPurpose::kShuffle, 0, 0);
    std::vector<long> next(kWorkers, 0);
    std::uint64_t limit = 0;
    while (static_cast<int>(killed.size()) < kKills || tickets.taken() < limit) {
      if (static_cast<int>(killed.size()) < kKills) limit = tickets.taken() + kOpen / 2;
      tickets.open_until(limit);
      SegmentReport report;
      while (tickets.take(report)) {
        if (report.lag != next[static_cast<std::size_t>(report.worker)]++) ++wrong;
      }
      const pid_t victim = nursery.process(1 + static_cast<int>(random.below(kWorkers - 1)));
      // The last one that was killed has been replaced, or it would be none of those at work.
      if (static_cast<int>(killed.size()) < kKills && victim != 0 && tickets.taken() > taken &&
          (killed.empty() || victim != killed.back())) {
        taken = tickets.taken() + random.below(40);
        if (kill(victim, SIGKILL) == 0) killed.push_back(victim);
      }
      if (tickets.taken() < limit) tickets.await_report(waiter);
    }
    tickets.pause(waiter);
    at_end = tickets.counts();
    CHECK(nursery.counts().replaced >= kKills / 2);
  }
  CHECK(wrong == 0);
  CHECK(at_end.segments_begun == static_cast<long>(tickets.taken()) + at_end.segments_lost);
  CHECK(at_end.segments_lost <= kKills);
}

TEST_CASE("a merge that its member died in is finished, each parameter merged once") {
  constexpr std::size_t kCount = 30000;
  constexpr int kShards = 3;
  const long page = sysconf(_SC_PAGESIZE);
  for (const double rate : {0.5, 1.0}) {
    SharedRegion region("a test", ServedParameters<float>::bytes(kCount, kShards, 2));
    ServedParameters<float> server(region, kCount, kShards, 2);
    std::vector<float> initial(kCount);
    std::vector<float> learned(kCount);
    set_parameters(initial, 1);
    set_parameters(learned, 2);
    server.store(initial, kSleeper);
    run_as_member([&] {
      MergingMember<float> member(server, {rate, true}, kSleeper, 1);
      std::copy(learned.begin(), learned.end(), server.own(1).begin());
      // It dies when it comes to a page in the middle of the second shard.
      const auto middle = reinterpret_cast<std::uintptr_t>(server.own(1).data() + kCount / 2);
      const auto size = static_cast<std::uintptr_t>(page);
      std::signal(SIGSEGV, [](int) { _exit(1); });
      if (mprotect(reinterpret_cast<void*>(middle / size * size), size, PROT_NONE) != 0) _exit(2);
      member.meet(server.own(1));
    });
    std::vector<float> seen(kCount);
    std::thread other([&] { server.load(seen, kSleeper); });  // waits for the second shard
    server.recover(1, rate, kSleeper);
    other.join();
    server.load(seen, kSleeper);
    int wrong = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      const float eta = static_cast<float>(rate);
      const float expected = rate == 1.0 ? learned[i] : initial[i] + eta * (learned[i] - initial[i]);
      if (seen[i] != expected) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(server.shards_begun_by(1).load() == 0);
    // Merges of others go on from there, with no lag but what they missed.
    MergingMember<float> next(server, {rate, true}, kSleeper);
    CHECK(next.meet(seen).lag == 0);
  }
}

TEST_CASE("a step that its worker died in is counted, and the lock is open for the next") {
  HogwildParameters parameters(3, 10, AverageSharing::kShared);
  run_as_member([&] {
    parameters.lock().lock(kSleeper);
    parameters.begin_push(1);
    _exit(1);
  });
  parameters.recover(1);
  CHECK(parameters.pushes_lost() == 1);
  const SharedLockHold hold(parameters.lock(), kSleeper);
  run_as_member([&] { parameters.begin_push(1), parameters.end_push(1); });
  parameters.recover(1);
  CHECK(parameters.pushes_lost() == 1);
  CHECK(parameters.pushes() == 1);
}

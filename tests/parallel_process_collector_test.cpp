// Forked workers collect the serial mode's bytes, with the policy in the worker or at the learner; what crosses is
// counted by its closed form; a dead worker is named and nothing is left behind.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <thread>

#include "envs/registry.hpp"
#include "parallel/collect/process_collector.hpp"
#include "parallel/collect/process_step_link.hpp"
#include "parallel/collect/remote_collector.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_expectations.hpp"

using namespace prl;
using namespace prl::test;

namespace {

bool has_children() { return !(waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD); }

struct RealRun {
  NetworkLayout network;
  CollectionPlan plan;
  ActorSetting setting;
};

RealRun real_run(const EnvironmentEntry& entry, int environments, int steps) {
  const EnvironmentInfo info = entry.info();
  NetworkSpec spec;
  spec.observation_size = info.observation_size;
  spec.head_size = info.head_size;
  spec.action_kind = info.discrete ? ActionKind::kDiscrete : ActionKind::kContinuous;
  spec.hidden = {16};
  const NetworkLayout network(spec);
  CollectionPlan plan;
  plan.environments = environments;
  plan.parameter_count = network.parameter_count;
  plan.layout = {steps, info.observation_size, spec.action_size()};
  return {network, plan, {network, 11, {}}};
}

// Episodes of environments of workers 1 .. W - 1 that end in the segment.
std::uint64_t ends_of_others(const CollectionPlan& plan, const SegmentView& segment) {
  std::uint64_t ended = 0;
  for (int i = environments_of(0, plan.workers, plan.environments).count; i < plan.environments; ++i) {
    ended += static_cast<std::uint64_t>(count_ended(segment.trajectory(i).ends, plan.layout.steps));
  }
  return ended;
}

}  // namespace

TEST_CASE("processes leave the serial collector's bytes for any number of workers") {
  const int rounds = 3;
  const CollectionPlan serial = fake_plan(1, 23);
  const auto expected = serial_segments(serial, fake_actors(serial.parameter_count), rounds);
  REQUIRE(expected.size() == 3);
  for (const int workers : {1, 2, 3, 5, 7, 16}) {
    const CollectionPlan plan = fake_plan(workers, 23);
    ProcessCollector collector(plan, fake_actors(plan.parameter_count));
    CHECK((segments_of(collector, rounds) == expected));
    const auto others = static_cast<std::uint64_t>(workers - 1);
    const CommunicationLedger& ledger = collector.ledger();
    CHECK(ledger.of(Purpose::kWeights).bytes == rounds * others * plan.parameter_bytes());
    CHECK(ledger.of(Purpose::kTrajectories).bytes == rounds * other_blocks_bytes(plan));
    CHECK(ledger.of(Purpose::kTrajectories).messages == rounds * others);
    CHECK(ledger.of(Purpose::kControl).bytes == rounds * others * 2 * 16);
    CHECK(ledger.of(Purpose::kGradients).bytes == 0);
    CHECK(collector.worker_seconds().size() == static_cast<std::size_t>(workers));
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("real environments give the same bytes with the policy in the worker and at the learner") {
  const int rounds = 3;
  for (const EnvironmentEntry* entry : environments()) {
    const RealRun run = real_run(*entry, 7, 130);
    const auto expected = serial_segments(run.plan, entry->actors(run.setting), rounds);
    REQUIRE(expected.size() == 3);
    for (const int workers : {1, 2, 3, 7}) {
      CollectionPlan plan = run.plan;
      plan.workers = workers;
      ProcessCollector carried(plan, entry->actors(run.setting));
      CHECK((segments_of(carried, rounds) == expected));
      RemoteCollector remote(plan, run.network, run.setting.seed, entry->batches(run.setting),
                             std::make_unique<ProcessStepLink>(plan, entry->batches(run.setting)));
      CHECK((segments_of(remote, rounds) == expected));
    }
  }
}

TEST_CASE("central inference counts actions and outcomes by their closed form") {
  for (const EnvironmentEntry* entry : environments()) {
    RealRun run = real_run(*entry, 7, entry->info().time_limit + 10);  // so that every round has ends
    run.plan.workers = 3;
    const std::uint64_t n = 7 - 2;  // worker 0 has two of the seven
    const auto steps = static_cast<std::uint64_t>(run.plan.layout.steps);
    const auto o = static_cast<std::uint64_t>(run.plan.layout.observation_size);
    const auto a = static_cast<std::uint64_t>(run.plan.layout.action_size);
    RemoteCollector remote(run.plan, run.network, run.setting.seed, entry->batches(run.setting),
                           std::make_unique<ProcessStepLink>(run.plan, entry->batches(run.setting)));
    std::uint64_t expected = n * 4 * o;
    for (int round = 0; round < 2; ++round) {
      REQUIRE(remote.collect(std::atomic<bool>{false}));
      const std::uint64_t ended = ends_of_others(run.plan, remote.segment());
      CHECK(ended > 0);
      expected += steps * n * (4 * a + 4 * o + 5) + 4 * o * ended;
      CHECK(remote.ledger().of(Purpose::kTrajectories).bytes == expected);
    }
    CHECK(remote.ledger().of(Purpose::kTrajectories).messages == 2 + 2 * steps * 2 * 2);
    CHECK(remote.ledger().of(Purpose::kControl).bytes == 2 * 2 * 2 * 16);
    CHECK(remote.ledger().of(Purpose::kWeights).bytes == 0);
    CHECK(remote.worker_seconds().size() == 3);
  }
}

TEST_CASE("a stop that arrives while worker 0 waits ends the round of all processes") {
  // Worker 0 is done at once; the others leave only when they are told.
  const auto wait = [](int first, int round, const std::atomic<bool>& stop) {
    if (first > 0 && round == 2) wait_for_stop(stop);
  };
  const CollectionPlan plan = fake_plan(4, 9);
  ProcessCollector collector(plan, fake_actors(plan.parameter_count, wait));
  std::atomic<bool> stop{false};
  CHECK(collector.collect(stop));
  std::thread interrupt([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.store(true);
  });
  CHECK_FALSE(collector.collect(stop));
  interrupt.join();
  // The round after is an ordinary one.
  stop.store(false);
  CHECK(collector.collect(stop));
}

TEST_CASE("a stop ends a round of central inference") {
  const EnvironmentEntry& entry = *environments().front();
  RealRun run = real_run(entry, 4, 100000);
  run.plan.workers = 2;
  run.setting.step_cost = parse_step_cost("wait:1ms");
  RemoteCollector remote(run.plan, run.network, run.setting.seed, entry.batches(run.setting),
                         std::make_unique<ProcessStepLink>(run.plan, entry.batches(run.setting)));
  std::atomic<bool> stop{false};
  std::thread interrupt([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.store(true);
  });
  CHECK_FALSE(remote.collect(stop));
  interrupt.join();
}

TEST_CASE("a killed worker is named, and no process is left") {
  const auto die = [](int first, int round, const std::atomic<bool>& stop) {
    if (first == 4 && round == 2) raise(SIGKILL);  // worker 2 of 4 with 8 environments
    if (first > 4 && round == 2) wait_for_stop(stop);
  };
  {
    const CollectionPlan plan = fake_plan(4, 8);
    ProcessCollector collector(plan, fake_actors(plan.parameter_count, die));
    const pid_t victim = collector.processes().process(2);
    CHECK(collector.collect(std::atomic<bool>{false}));
    std::string message;
    try {
      collector.collect(std::atomic<bool>{false});
    } catch (const WorkerDied& error) {
      message = error.what();
    }
    CHECK(contains(message, "worker 2 (process " + std::to_string(victim) + ") was killed by signal 9"));
    CHECK(contains(message, "run again"));
  }
  CHECK_FALSE(has_children());
}

TEST_CASE("a worker that is killed between rounds is named in the next") {
  const EnvironmentEntry& entry = *environments().front();
  RealRun run = real_run(entry, 6, 20);
  run.plan.workers = 3;
  auto link = std::make_unique<ProcessStepLink>(run.plan, entry.batches(run.setting));
  const pid_t victim = link->processes().process(1);
  RemoteCollector remote(run.plan, run.network, run.setting.seed, entry.batches(run.setting), std::move(link));
  CHECK(remote.collect(std::atomic<bool>{false}));
  kill(victim, SIGKILL);
  const std::string message = error_of([&] { remote.collect(std::atomic<bool>{false}); });
  CHECK(contains(message, "worker 1 (process " + std::to_string(victim) + ") was killed by signal 9"));
}

TEST_CASE("a worker that fails says why and is named") {
  const auto fail = [](int first, int, const std::atomic<bool>&) {
    if (first == 3) throw std::runtime_error("no such simulator");
  };
  const CollectionPlan plan = fake_plan(2, 6);
  ProcessCollector collector(plan, fake_actors(plan.parameter_count, fail));
  const std::string message = error_of([&] { collector.collect(std::atomic<bool>{false}); });
  CHECK(contains(message, "worker 1 (process "));
  CHECK(contains(message, "ended with exit status 1"));
}

TEST_CASE("workers end with their parent, however it ends") {
  REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);  // orphans become ours, so that their end can be seen
  int pipe_ends[2];
  REQUIRE(pipe(pipe_ends) == 0);
  int started[2];
  REQUIRE(pipe(started) == 0);
  const pid_t parent = fork();
  if (parent == 0) {
    const CollectionPlan plan = fake_plan(4, 4);
    const auto wait = [&started](int, int, const std::atomic<bool>& stop) {
      if (write(started[1], "s", 1) == 1) wait_for_stop(stop);
    };
    ProcessCollector collector(plan, fake_actors(plan.parameter_count, wait));
    pid_t workers[3];
    for (int w = 0; w < 3; ++w) workers[w] = collector.processes().process(w + 1);
    const bool told = write(pipe_ends[1], workers, sizeof(workers)) == sizeof(workers);
    collector.collect(std::atomic<bool>{false});
    _exit(told ? 0 : 1);
  }
  pid_t workers[3];
  REQUIRE(read(pipe_ends[0], workers, sizeof(workers)) == sizeof(workers));
  // A worker that has not got as far when its parent ends leaves by itself, with status 0.
  char byte = 0;
  for (int w = 0; w < 4; ++w) REQUIRE(read(started[0], &byte, 1) == 1);
  kill(parent, SIGKILL);
  REQUIRE(waitpid(parent, nullptr, 0) == parent);
  for (const pid_t worker : workers) {
    int status = 0;
    REQUIRE(waitpid(worker, &status, 0) == worker);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGKILL);
  }
  for (const int end : {pipe_ends[0], pipe_ends[1], started[0], started[1]}) close(end);
}

// Workers with threads of their own leave the serial collector's bytes, and their threads run at the same time.
#include <stdexcept>
#include <thread>

#include "envs/registry.hpp"
#include "parallel/collect/process_collector.hpp"
#include "parallel/collect/threaded_actor.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_expectations.hpp"

using namespace prl;
using namespace prl::test;

TEST_CASE("threads in a worker change no byte") {
  const int rounds = 3;
  const CollectionPlan plan = fake_plan(1, 23);
  const auto expected = serial_segments(plan, fake_actors(plan.parameter_count), rounds);
  REQUIRE(expected.size() == 3);
  for (const int threads : {1, 2, 3, 5, 23}) {
    SerialCollector collector(plan, with_threads(fake_actors(plan.parameter_count), threads, 1));
    CHECK((segments_of(collector, rounds) == expected));
  }
}

TEST_CASE("processes with threads in each leave the serial collector's bytes of real environments") {
  const EnvironmentEntry& entry = *find_environment("CartPole-v1");
  NetworkSpec spec;
  spec.observation_size = entry.info().observation_size;
  spec.head_size = entry.info().head_size;
  spec.action_kind = ActionKind::kDiscrete;
  spec.hidden = {16};
  const NetworkLayout network(spec);
  const ActorSetting setting{network, 11, {}};
  CollectionPlan plan;
  plan.environments = 11;
  plan.parameter_count = network.parameter_count;
  plan.layout = {130, spec.observation_size, spec.action_size()};
  const auto expected = serial_segments(plan, entry.actors(setting), 3);
  REQUIRE(expected.size() == 3);
  for (const int workers : {1, 2, 3}) {
    for (const int threads : {2, 3}) {
      plan.workers = workers;
      ProcessCollector collector(plan, with_threads(entry.actors(setting), threads, workers));
      CHECK((segments_of(collector, 3) == expected));
      // What crosses between processes is what crosses without threads.
      CHECK(collector.ledger().of(Purpose::kTrajectories).bytes == 3 * other_blocks_bytes(plan));
    }
  }
}

TEST_CASE("a worker's threads run at the same time even if there are more of them than cores") {
  // Every thread waits until all have started: one after another, none would ever go on.
  constexpr int kThreads = 8;
  std::atomic<int> started{0};
  std::atomic<bool> gave_up{false};
  const auto meet = [&](int, int round, const std::atomic<bool>&) {
    started.fetch_add(1);
    for (int look = 0; started.load() < kThreads * round; ++look) {
      if (look > 20000 || gave_up.load()) {
        gave_up.store(true);
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  const CollectionPlan plan = fake_plan(1, kThreads);
  SerialCollector collector(plan, with_threads(fake_actors(plan.parameter_count, meet), kThreads, 1));
  const std::atomic<bool> stop{false};
  for (int round = 0; round < 2; ++round) CHECK(collector.collect(stop));
  CHECK_FALSE(gave_up.load());
}

TEST_CASE("a stop reaches every thread, and more threads than environments are refused") {
  const auto wait = [](int first, int, const std::atomic<bool>& stop) {
    if (first > 0) wait_for_stop(stop);
  };
  const CollectionPlan plan = fake_plan(1, 4);
  SerialCollector collector(plan, with_threads(fake_actors(plan.parameter_count, wait), 4, 1));
  std::atomic<bool> stop{false};
  std::thread stopper([&stop] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.store(true);
  });
  CHECK_FALSE(collector.collect(stop));
  stopper.join();
  const ActorFactory actors = with_threads(fake_actors(plan.parameter_count), 3, 1);
  CHECK_THROWS_AS(actors(0, 2), std::invalid_argument);
}

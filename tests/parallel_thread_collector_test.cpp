// Threads collect the serial mode's bytes, and what they share is counted by its closed form.
#include <algorithm>
#include <stdexcept>
#include <thread>

#include "envs/registry.hpp"
#include "parallel/collect/thread_collector.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_expectations.hpp"

using namespace prl;
using namespace prl::test;

TEST_CASE("threads leave the serial collector's bytes for any number of workers") {
  const int rounds = 3;
  const CollectionPlan serial = fake_plan(1, 23);
  const auto expected = serial_segments(serial, fake_actors(serial.parameter_count), rounds);
  REQUIRE(expected.size() == 3);
  CHECK((expected[0] != expected[1]));
  for (const int workers : {1, 2, 3, 5, 7, 16}) {
    const CollectionPlan plan = fake_plan(workers, 23);
    ThreadCollector collector(plan, fake_actors(plan.parameter_count));
    CHECK((segments_of(collector, rounds) == expected));
    const auto others = static_cast<std::uint64_t>(workers - 1);
    CHECK(collector.ledger().of(Purpose::kWeights).bytes == rounds * others * plan.parameter_bytes());
    CHECK(collector.ledger().of(Purpose::kWeights).messages == rounds * others);
    CHECK(collector.ledger().of(Purpose::kTrajectories).bytes == rounds * other_blocks_bytes(plan));
    CHECK(collector.ledger().of(Purpose::kControl).bytes == 0);
    CHECK(collector.worker_seconds().size() == static_cast<std::size_t>(workers));
  }
}

TEST_CASE("workers that wait run at the same time even if there are more of them than cores") {
  // Every worker waits until all have started: with fewer threads than workers, none would ever go on.
  constexpr int kWorkers = 16;
  std::atomic<int> started{0};
  std::atomic<bool> gave_up{false};
  const auto meet = [&](int, int round, const std::atomic<bool>&) {
    started.fetch_add(1);
    for (int look = 0; started.load() < kWorkers * round; ++look) {
      if (look > 20000 || gave_up.load()) {
        gave_up.store(true);
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  const CollectionPlan plan = fake_plan(kWorkers, kWorkers);
  ThreadCollector collector(plan, fake_actors(plan.parameter_count, meet));
  const std::atomic<bool> stop{false};
  for (int round = 0; round < 3; ++round) CHECK(collector.collect(stop));
  CHECK_FALSE(gave_up.load());
}

TEST_CASE("worker 0 is the calling thread") {
  std::thread::id of_worker_0;
  const auto note = [&](int first, int, const std::atomic<bool>&) {
    if (first == 0) of_worker_0 = std::this_thread::get_id();
  };
  const CollectionPlan plan = fake_plan(4, 8);
  ThreadCollector collector(plan, fake_actors(plan.parameter_count, note));
  CHECK(collector.collect(std::atomic<bool>{false}));
  CHECK(of_worker_0 == std::this_thread::get_id());
}

TEST_CASE("a stop ends the round of all threads and is told") {
  std::atomic<bool> stop{false};
  const auto wait = [&](int first, int, const std::atomic<bool>& own_stop) {
    if (first == 0) {
      stop.store(true);
    } else {
      wait_for_stop(own_stop);
    }
  };
  const CollectionPlan plan = fake_plan(3, 3);
  ThreadCollector collector(plan, fake_actors(plan.parameter_count, wait));
  CHECK_FALSE(collector.collect(stop));
}

TEST_CASE("what a worker throws reaches the caller, whichever worker it is") {
  for (const int failing : {0, 2}) {
    const auto fail = [&](int first, int, const std::atomic<bool>&) {
      if (first == failing) throw std::runtime_error("no such simulator");
    };
    const CollectionPlan plan = fake_plan(3, 3);
    ThreadCollector collector(plan, fake_actors(plan.parameter_count, fail));
    CHECK_THROWS_WITH(collector.collect(std::atomic<bool>{false}), "no such simulator");
  }
}

TEST_CASE("threads step real environments to the serial collector's bytes") {
  for (const EnvironmentEntry* entry : environments()) {
    const EnvironmentInfo info = entry->info();
    NetworkSpec spec;
    spec.observation_size = info.observation_size;
    spec.head_size = info.head_size;
    spec.action_kind = info.discrete ? ActionKind::kDiscrete : ActionKind::kContinuous;
    spec.hidden = {16};
    const NetworkLayout network(spec);
    CollectionPlan plan;
    plan.environments = 7;
    plan.parameter_count = network.parameter_count;
    plan.layout = {130, info.observation_size, spec.action_size()};
    const ActorFactory make_actor = entry->actors({network, 11, {}});
    const auto expected = serial_segments(plan, make_actor, 3);
    for (const int workers : {2, 3, 7}) {
      plan.workers = workers;
      ThreadCollector collector(plan, make_actor);
      CHECK((segments_of(collector, 3) == expected));
    }
  }
}

TEST_CASE("parts that whoever is free takes have the serial collector's bytes") {
  for (const int grain : {1, 2, 5, 7}) {
    CollectionPlan plan = fake_plan(3, 7);
    const ActorFactory actors = fake_actors(plan.parameter_count);
    const auto expected = serial_segments(plan, actors, 4);
    plan.grain = grain;
    ThreadCollector collector(plan, actors);
    CHECK((segments_of(collector, 4) == expected));
    // Every step was somebody's, and what others than worker 0 took has crossed.
    const std::vector<long> steps = collector.worker_steps();
    REQUIRE(steps.size() == 3);
    CHECK(steps[0] + steps[1] + steps[2] == 7 * plan.layout.steps);
    CHECK(collector.ledger().of(Purpose::kWeights).messages == 4 * 2);
    CHECK(collector.ledger().of(Purpose::kTrajectories).bytes <= 4 * plan.segment_bytes());
  }
}

TEST_CASE("while one worker is at a part, the others take all that remain") {
  constexpr int kParts = 12;
  CollectionPlan plan = fake_plan(2, kParts);
  plan.grain = 1;
  std::atomic<int> begun{0};
  std::atomic<bool> all_begun{false};
  // Whoever takes the first part is at it until all others have been begun, which then is the other worker's work.
  const auto hold_the_first = [&](int first, int, const std::atomic<bool>&) {
    if (begun.fetch_add(1) + 1 == kParts) all_begun.store(true);
    if (first == 0) wait_for_stop(all_begun);
  };
  ThreadCollector collector(plan, fake_actors(plan.parameter_count, hold_the_first));
  REQUIRE(collector.collect(std::atomic<bool>{false}));
  CHECK(all_begun.load());
  std::vector<long> steps = collector.worker_steps();
  std::sort(steps.begin(), steps.end());
  CHECK(steps == std::vector<long>{plan.layout.steps, (kParts - 1) * plan.layout.steps});
}

TEST_CASE("plans that cannot be are refused with a reason") {
  const auto error_of_plan = [](int workers) {
    return error_of([=] { ThreadCollector(fake_plan(workers, 3), fake_actors(37)); });
  };
  CHECK(contains(error_of_plan(4), "4 workers for 3 environments"));
  CHECK(contains(error_of_plan(0), "at least 1"));
  CHECK(contains(error_of([] { SerialCollector(fake_plan(2, 3), fake_actors(37)); }), "cannot collect serially"));
}

// Free-running actors and what lies between them and the learner: versions are whole, queues lose nothing and have an end,
// trajectories are those of the version that they name, lags and bytes are counted, a dead actor is named.
#include <unistd.h>

#include <csignal>
#include <thread>
#include <utility>
#include <vector>

#include "parallel/schedule/delayed_parameters.hpp"
#include "parallel/schedule/free_actors.hpp"
#include "tests/arrival_check.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_fakes.hpp"

using namespace prl;
using namespace prl::test;

namespace {

const Waiter kSleeper{0.0, {}};

}  // namespace

TEST_CASE("delayed parameters are those of so many pushes ago") {
  for (const int lag : {0, 1, 3}) {
    const std::vector<float> initial(5, -1.0F);
    DelayedParameters delayed(initial, lag);
    for (int round = 0; round < 10; ++round) {
      CHECK(delayed.seen()[4] == (round <= lag ? -1.0F : static_cast<float>(round - lag)));
      delayed.push(std::vector<float>(5, static_cast<float>(round + 1)));
    }
  }
}

TEST_CASE("a version that is held stays as it was published while others are written") {
  constexpr int kReaders = 3;
  constexpr std::size_t kCount = 1000;
  SharedRegion region("a test", ParameterVersions::bytes_for(kReaders, kCount));
  ParameterVersions versions(region, kReaders, kCount);
  versions.publish(std::vector<float>(kCount, 0.0F));
  std::atomic<bool> end{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < kReaders; ++reader) {
    readers.emplace_back([&, reader] {
      std::uint64_t last = 0;
      while (!end.load()) {
        const ParameterVersions::Held held = versions.hold_latest(reader);
        if (held.number < last) wrong.fetch_add(1);
        last = held.number;
        for (std::size_t i = 0; i < kCount; ++i) {
          if (held.parameters[i] != static_cast<float>(held.number)) wrong.fetch_add(1);
        }
        versions.release(reader);
      }
    });
  }
  for (int number = 1; number < 20000; ++number)
    versions.publish(std::vector<float>(kCount, static_cast<float>(number)));
  end.store(true);
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong.load() == 0);
  CHECK(versions.hold_latest(0).number == 19999);
}

TEST_CASE("a queue keeps order, loses nothing, and makes its actor wait while it is full") {
  constexpr int kActors = 3;
  constexpr int kDepth = 2;
  constexpr std::uint64_t kItems = 500;
  SharedRegion region("a test", TrajectoryQueues::bytes_for(kActors, kDepth, sizeof(std::uint64_t)));
  TrajectoryQueues queues(region, kActors, kDepth, sizeof(std::uint64_t));
  std::vector<std::atomic<std::uint64_t>> offered(kActors);
  std::vector<std::thread> actors;
  for (int actor = 0; actor < kActors; ++actor) {
    actors.emplace_back([&, actor] {
      for (std::uint64_t item = 0;; ++item) {
        const std::span<std::byte> slot = queues.await_free(actor, kSleeper);
        if (slot.empty()) return;
        *reinterpret_cast<std::uint64_t*>(slot.data()) = item;
        queues.put(actor, {item, 0.0, true});
        offered[static_cast<std::size_t>(actor)].store(item + 1);
      }
    });
  }
  std::vector<std::uint64_t> next(kActors, 0);
  int wrong = 0;
  for (std::uint64_t item = 0; item < kActors * kItems; ++item) {
    const TrajectoryQueues::Taken taken = queues.take(kSleeper);
    const auto actor = static_cast<std::size_t>(taken.actor);
    if (*reinterpret_cast<const std::uint64_t*>(taken.bytes.data()) != next[actor]) ++wrong;
    if (taken.note.version != next[actor]++) ++wrong;
    if (offered[actor].load() > next[actor] - 1 + kDepth) ++wrong;
    queues.release(taken);
  }
  CHECK(wrong == 0);
  queues.end();
  for (std::thread& actor : actors) actor.join();
}

TEST_CASE("free-running actors send the trajectories of the version that they name, and every byte is counted") {
  for (const ActorPlace place : {ActorPlace::kThreads, ActorPlace::kProcesses}) {
    for (const int workers : {1, 2, 4}) {
      const CollectionPlan plan = fake_plan(workers, 8);
      FreeActors actors(plan, place, 2, fake_actors(plan.parameter_count));
      const std::atomic<bool> stop{false};
      std::vector<int> segments(static_cast<std::size_t>(workers), 0);
      std::vector<std::uint64_t> last(static_cast<std::size_t>(workers), ~0ULL);
      std::vector<float> parameters(plan.parameter_count);
      std::uint64_t pickups = 0;
      int wrong = 0;
      for (int version = 0; version < 40; ++version) {
        set_parameters(parameters, version);
        actors.publish(parameters);
        FreeActors::Arrival arrival;
        REQUIRE(actors.take(stop, arrival));
        const auto actor = static_cast<std::size_t>(arrival.taken.actor);
        wrong += wrong_blocks(plan, arrival, ++segments[actor]);
        if (arrival.lag != version - static_cast<long>(arrival.taken.note.version) || arrival.lag < 0) ++wrong;
        if (last[actor] != arrival.taken.note.version) ++pickups;
        last[actor] = arrival.taken.note.version;
        actors.release(arrival);
      }
      CHECK(wrong == 0);
      CHECK(actors.ledger().of(Purpose::kTrajectories).bytes ==
            40 * plan.segment_bytes() / static_cast<std::size_t>(workers));
      CHECK(actors.ledger().of(Purpose::kWeights).bytes == pickups * plan.parameter_bytes());
    }
  }
}

TEST_CASE("the lag is the number of versions published since the actor began") {
  const CollectionPlan plan = fake_plan(1, 4);
  std::atomic<int> begun{0};
  FreeActors actors(plan, ActorPlace::kThreads, 2,
                    fake_actors(plan.parameter_count, [&](int, int round, const auto&) { begun.store(round); }));
  const std::vector<float> parameters(plan.parameter_count, 1.0F);
  const std::atomic<bool> stop{false};
  actors.publish(parameters);
  while (begun.load() < 2) std::this_thread::yield();
  actors.publish(parameters);
  actors.publish(parameters);
  FreeActors::Arrival arrival;
  // Two segments fit the queue and were begun with the first version; the third begins once there is room.
  for (const long lag : {2L, 2L, 0L}) {
    REQUIRE(actors.take(stop, arrival));
    CHECK(arrival.lag == lag);
    actors.release(arrival);
  }
}

TEST_CASE("segments that began under another step cost are dropped, and the next one says so") {
  for (const ActorPlace place : {ActorPlace::kThreads, ActorPlace::kProcesses}) {
    const CollectionPlan plan = fake_plan(2, 4);
    FreeActors actors(plan, place, 2, fake_actors(plan.parameter_count));
    const std::atomic<bool> stop{false};
    const std::vector<float> parameters(plan.parameter_count, 0.0F);
    actors.publish(parameters);
    std::vector<int> last(2, 0);
    for (const bool charge : {false, true, false}) {
      actors.charge_step_cost(charge);
      for (int segment = 0; segment < 6; ++segment) {
        FreeActors::Arrival arrival;
        REQUIRE(actors.take(stop, arrival));
        CHECK(arrival.taken.note.charged == charge);
        int& before = last[static_cast<std::size_t>(arrival.taken.actor)];
        const int number = number_of_segment(arrival, before);
        CHECK(arrival.after_loss == (number > std::exchange(before, number) + 1));
        actors.release(arrival);
      }
    }
  }
}

TEST_CASE("an actor that dies is named, and a stop ends the wait") {
  const CollectionPlan plan = fake_plan(2, 4);
  const std::vector<float> parameters(plan.parameter_count, 1.0F);
  {
    FreeActors actors(plan, ActorPlace::kProcesses, 1,
                      fake_actors(plan.parameter_count, [](int first, int, const std::atomic<bool>& stop) {
                        if (first > 0) _exit(3);
                        wait_for_stop(stop);
                      }));
    actors.publish(parameters);
    FreeActors::Arrival arrival;
    const std::atomic<bool> stop{false};
    CHECK_THROWS_AS(actors.take(stop, arrival), WorkerDied);
  }
  for (const ActorPlace place : {ActorPlace::kThreads, ActorPlace::kProcesses}) {
    FreeActors actors(plan, place, 1, fake_actors(plan.parameter_count, [](int, int, const std::atomic<bool>& stop) {
                        wait_for_stop(stop);
                      }));
    actors.publish(parameters);
    FreeActors::Arrival arrival;
    const std::atomic<bool> stop{true};
    CHECK_FALSE(actors.take(stop, arrival));
  }
}

TEST_CASE("what a dead reader held is written again once it is let go, and what others hold stays") {
  constexpr std::size_t kCount = 10;
  SharedRegion region("a test", ParameterVersions::bytes_for(2, kCount));
  ParameterVersions versions(region, 2, kCount);
  versions.publish(std::vector<float>(kCount, 0.0F));
  const ParameterVersions::Held kept = versions.hold_latest(1);
  for (int death = 1; death <= 10; ++death) {
    const ParameterVersions::Held lost = versions.hold_latest(0);
    for (int later = 0; later < 3; ++later) versions.publish(std::vector<float>(kCount, static_cast<float>(death)));
    CHECK(lost.parameters[0] == static_cast<float>(death - 1));
    versions.release(0);
  }
  CHECK(kept.parameters[kCount - 1] == 0.0F);
}

TEST_CASE("the slot that a dead actor was at is that of the next one, and what it had put stays") {
  SharedRegion region("a test", TrajectoryQueues::bytes_for(1, 2, sizeof(int)));
  TrajectoryQueues queues(region, 1, 2, sizeof(int));
  const auto write = [&](int value) {
    const std::span<std::byte> slot = queues.await_free(0, kSleeper);
    *reinterpret_cast<int*>(slot.data()) = value;
    return slot.data();
  };
  write(1);
  queues.put(0, {1, 0.0, true});
  const std::byte* at_death = write(2);
  queues.recover(0);
  CHECK(write(3) == at_death);
  queues.put(0, {3, 0.0, true});
  CHECK(queues.put_by(0) == 2);
  for (const int value : {1, 3}) {
    const TrajectoryQueues::Taken taken = queues.take(kSleeper);
    CHECK(*reinterpret_cast<const int*>(taken.bytes.data()) == value);
    CHECK(taken.note.version == static_cast<std::uint64_t>(value));
    queues.release(taken);
  }
}

TEST_CASE(
    "actors that are killed while they collect are replaced by ones of new episodes, and their segments counted") {
  constexpr int kWorkers = 3;
  constexpr int kSegmentsOfLife = 2;
  const CollectionPlan plan = fake_plan(kWorkers, 6);
  FreeActors actors(plan, ActorPlace::kProcesses, 2,
                    fake_actors(plan.parameter_count, [](int first, int round, const std::atomic<bool>&) {
                      const bool mortal = first > 0;
                      if (mortal && round % FakeActor::kRoundsOfStart > kSegmentsOfLife) raise(SIGKILL);
                    }));
  std::vector<float> parameters(plan.parameter_count);
  std::vector<long> taken(kWorkers, 0);
  int wrong = 0;
  int version = 0;
  long learned = 0;
  while (taken[1] < 12 || taken[2] < 12) {
    set_parameters(parameters, version++);
    actors.publish(parameters);
    FreeActors::Arrival arrival;
    const std::atomic<bool> stop{false};
    REQUIRE(actors.take(stop, arrival));
    const auto actor = static_cast<std::size_t>(arrival.taken.actor);
    const long of_life = actor == 0 ? taken[0] : taken[actor] % kSegmentsOfLife;
    const long life = actor == 0 ? 0 : taken[actor] / kSegmentsOfLife;
    wrong +=
        wrong_blocks(plan, arrival, static_cast<int>(life) * FakeActor::kRoundsOfStart + static_cast<int>(of_life) + 1);
    if (arrival.taken.note.restarted != (life > 0 && of_life == 0)) ++wrong;
    ++taken[actor];
    ++learned;
    actors.release(arrival);
  }
  CHECK(wrong == 0);
  const FaultCounts faults = *actors.faults();
  CHECK(faults.replaced >= 10);
  CHECK(faults.ended - faults.replaced <= 1);
  CHECK(faults.segments_lost <= faults.ended);
  CHECK(faults.segments_lost >= faults.replaced);
  const long under_way = faults.segments_begun - faults.segments_lost - learned;
  CHECK(under_way >= 0);
  CHECK(under_way <= kWorkers * 3);
}

TEST_CASE("plans that free-running actors cannot keep are refused") {
  CHECK_THROWS_AS(FreeActors(fake_plan(3, 8), ActorPlace::kThreads, 1, fake_actors(37)), std::invalid_argument);
  CHECK_THROWS_AS(FreeActors(fake_plan(2, 8), ActorPlace::kThreads, 0, fake_actors(37)), std::invalid_argument);
}

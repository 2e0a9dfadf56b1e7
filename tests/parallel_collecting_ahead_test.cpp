#include "parallel/schedule/collecting_ahead.hpp"

#include <algorithm>
#include <functional>
#include <vector>

#include "parallel/collect/process_collector.hpp"
#include "parallel/collect/serial_collector.hpp"
#include "parallel/schedule/delayed_parameters.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_expectations.hpp"
#include "tests/parallel_fakes.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr int kRounds = 6;

const std::atomic<bool> kGoOn{false};

CollectionPlan plan_beside_a_learner(int workers, int environments) {
  CollectionPlan plan = fake_plan(workers, environments);
  plan.beside = 1;
  return plan;
}

CollectingAhead ahead_of(
    const CollectionPlan& plan, std::unique_ptr<Collector> collector, long rounds,
    CollectingAhead::Charged charged = [](long) { return true; }) {
  return {plan, environments_of(0, plan.workers, plan.environments), std::move(collector), rounds, std::move(charged)};
}

// Stands for learning from round `round`.
void learn(std::span<float> parameters, int round) { set_parameters(parameters, round + 1); }

// What a learner sees of `kRounds` rounds, whose parameters change with each.
std::vector<std::vector<std::byte>> rounds_seen(Collector& collector) {
  std::vector<std::vector<std::byte>> seen;
  set_parameters(collector.parameters(), 0);
  for (int round = 0; round < kRounds; ++round) {
    REQUIRE(collector.collect(kGoOn));
    learn(collector.parameters(), round);
    seen.push_back(bytes_of(collector.segment()));
  }
  return seen;
}

// The same in lock-step with parameters that come a round late.
std::vector<std::vector<std::byte>> rounds_with_a_lag_of_one(int environments) {
  const CollectionPlan plan = fake_plan(1, environments);
  SerialCollector collector(plan, fake_actors(plan.parameter_count));
  std::vector<float> parameters(plan.parameter_count);
  set_parameters(parameters, 0);
  DelayedParameters delayed(parameters, 1);
  std::vector<std::vector<std::byte>> seen;
  for (int round = 0; round < kRounds; ++round) {
    std::copy(delayed.seen().begin(), delayed.seen().end(), collector.parameters().begin());
    REQUIRE(collector.collect(kGoOn));
    learn(parameters, round);
    delayed.push(parameters);
    seen.push_back(bytes_of(collector.segment()));
  }
  return seen;
}

}  // namespace

TEST_CASE("rounds collected ahead are those of lock-step with parameters one round late") {
  const auto expected = rounds_with_a_lag_of_one(7);
  for (const int workers : {1, 2, 7}) {
    const CollectionPlan plan = plan_beside_a_learner(workers, 7);
    const ActorFactory actors = fake_actors(plan.parameter_count);
    auto collector = ahead_of(plan, std::make_unique<ProcessCollector>(plan, actors), kRounds);
    CHECK((rounds_seen(collector) == expected));
  }
}

TEST_CASE("a round is collected while the learner is at the one before, and none after the last") {
  const CollectionPlan plan = plan_beside_a_learner(1, 2);
  std::atomic<int> begun{0};
  const auto count = [&](int, int round, const std::atomic<bool>&) { begun.store(round); };
  auto collector = ahead_of(plan, std::make_unique<SerialCollector>(plan, fake_actors(37, count)), 3);
  for (int round = 1; round <= 3; ++round) {
    REQUIRE(collector.collect(kGoOn));
    // The learner does nothing, and yet the next round comes to its end.
    collector.pause();
    CHECK(begun.load() == std::min(round + 1, 3));
    CHECK((collector.seconds_ahead() == 0.0));
  }
}

TEST_CASE("seconds ahead pass while a round is collected and stand still after its end") {
  const CollectionPlan plan = plan_beside_a_learner(1, 1);
  std::atomic<bool> go_on{false};
  const auto wait = [&](int, int round, const std::atomic<bool>&) {
    if (round == 2) wait_for_stop(go_on);
  };
  auto collector = ahead_of(plan, std::make_unique<SerialCollector>(plan, fake_actors(37, wait)), 2);
  REQUIRE(collector.collect(kGoOn));
  const auto passes = [&collector] {
    const double before = collector.seconds_ahead();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return collector.seconds_ahead() > before;
  };
  CHECK(passes());
  go_on.store(true);
  int looks = 0;
  while (passes() && looks < 60000) ++looks;
  CHECK_FALSE(passes());
  CHECK(collector.seconds_ahead() > 0.0);
}

TEST_CASE("each round pays its own step cost, though it begins before the one before has ended") {
  const CollectionPlan plan = plan_beside_a_learner(1, 2);
  auto collector = ahead_of(plan, std::make_unique<SerialCollector>(plan, fake_actors(37)), 3,
                            [](long round) { return round == 1; });
  SerialCollector lock_step(fake_plan(1, 2), fake_actors(37));
  for (int round = 0; round < 3; ++round) {
    lock_step.charge_step_cost(round == 1);
    REQUIRE(lock_step.collect(kGoOn));
    REQUIRE(collector.collect(kGoOn));
    CHECK((bytes_of(collector.segment()) == bytes_of(lock_step.segment())));
  }
}

TEST_CASE("all workers' blocks and copies of the parameters cross, as each round is taken") {
  for (const int workers : {1, 3}) {
    const CollectionPlan plan = plan_beside_a_learner(workers, 7);
    auto collector = ahead_of(plan, std::make_unique<ProcessCollector>(plan, fake_actors(37)), 3);
    for (unsigned round = 1; round <= 3; ++round) {
      REQUIRE(collector.collect(kGoOn));
      const auto all = static_cast<unsigned>(workers);
      const CommunicationCount& weights = collector.ledger().of(Purpose::kWeights);
      CHECK(weights.bytes == round * all * plan.parameter_bytes());
      CHECK(weights.messages == round * all);
      const CommunicationCount& trajectories = collector.ledger().of(Purpose::kTrajectories);
      CHECK(trajectories.bytes == round * plan.segment_bytes());
      CHECK(trajectories.messages == round * all);
      CHECK(collector.ledger().of(Purpose::kControl).bytes == round * (all - 1) * 2 * sizeof(RoundHeader));
    }
  }
}

TEST_CASE("a stop ends a round that is waited for") {
  const CollectionPlan plan = plan_beside_a_learner(2, 2);
  std::atomic<bool> stop{false};
  const auto wait = [&](int, int round, const std::atomic<bool>& own_stop) {
    if (round < 2) return;
    stop.store(true);
    wait_for_stop(own_stop);
  };
  auto collector = ahead_of(plan, std::make_unique<ProcessCollector>(plan, fake_actors(37, wait)), 5);
  REQUIRE(collector.collect(stop));
  CHECK_FALSE(collector.collect(stop));
}

TEST_CASE("a round that nobody comes for any more is given up") {
  const CollectionPlan plan = plan_beside_a_learner(1, 2);
  const auto wait = [&](int, int round, const std::atomic<bool>& own_stop) {
    if (round == 2) wait_for_stop(own_stop);
  };
  auto collector = ahead_of(plan, std::make_unique<SerialCollector>(plan, fake_actors(37, wait)), 5);
  REQUIRE(collector.collect(kGoOn));
}

TEST_CASE("what a worker throws reaches the learner when it comes for the round") {
  const CollectionPlan plan = plan_beside_a_learner(1, 2);
  const auto fail = [](int, int round, const std::atomic<bool>&) {
    if (round == 2) throw std::runtime_error("no such simulator");
  };
  auto collector = ahead_of(plan, std::make_unique<SerialCollector>(plan, fake_actors(37, fail)), 5);
  REQUIRE(collector.collect(kGoOn));
  CHECK_THROWS_WITH(collector.collect(kGoOn), "no such simulator");
}

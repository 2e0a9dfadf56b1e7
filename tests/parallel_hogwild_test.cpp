// Workers that learn side by side on shared parameters: what one does is the rule's own round, what two do to each other is
// as by hand, tickets and reports lose nothing and stop where they should, and whoever fails is named.
#include <unistd.h>

#include <chrono>
#include <thread>
#include <vector>

#include "parallel/schedule/companions.hpp"
#include "parallel/schedule/hogwild_worker.hpp"
#include "parallel/transport/worker_died.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_fake_learner.hpp"
#include "tests/parallel_fakes.hpp"

using namespace prl;
using namespace prl::test;

namespace {

const Waiter kSleeper{0.0, {}};

// Computes from its own copy and steps the shared parameters, with the fake's gradients and steps.
class SharedFakeLearner final : public Learner {
 public:
  SharedFakeLearner(const SharedParameters& shared, std::size_t count, int updates)
      : shared_(shared), updates_(updates), copy_(count), gradient_(count), stepped_(count) {}

  std::span<float> parameters() override { return copy_.span(); }
  void ingest(const SegmentView& segment) override { first_ = segment.first(); }
  std::span<double> joint_statistics() override { return {}; }
  int updates_due() const override { return updates_; }
  void compute_gradient(int update, int) override {
    for (std::size_t i = 0; i < copy_.size(); ++i) gradient_[i] = fake_gradient(copy_[i], update, 0, i);
  }
  std::span<float> gradient(int) override { return gradient_.span(); }
  void apply_gradient(ParameterRange range, std::span<const float> gradient, double gradient_square_sum) override {
    if (range.size() != copy_.size()) throw std::logic_error("a worker steps all of the parameters");
    shared_.parameters.load(0, stepped_.span());
    for (std::size_t i = 0; i < copy_.size(); ++i) {
      stepped_[i] = fake_step(stepped_[i], gradient[i], gradient_square_sum);
    }
    shared_.parameters.store(0, stepped_.span());
  }
  void finish_update() override {}
  void finish_round() override { ++rounds_; }

  int first() const { return first_; }
  int rounds() const { return rounds_; }

 private:
  const SharedParameters& shared_;
  int updates_;
  AlignedBuffer<float> copy_;
  AlignedBuffer<float> gradient_;
  AlignedBuffer<float> stepped_;
  int first_ = -1;
  int rounds_ = 0;
};

// A worker of fake environments, of which each worker has `plan.environments / plan.workers`.
struct FakeWorker {
  FakeWorker(const CollectionPlan& plan, HogwildParameters& parameters, int worker, int updates = 1,
             FakeActor::OnRound on_round = {})
      : blocks(plan.segment_bytes() / static_cast<std::size_t>(plan.workers)),
        segment(plan.layout, blocks.data(), worker * plan.environments / plan.workers,
                plan.environments / plan.workers),
        actor(plan.parameter_count, std::move(on_round)),
        learner(parameters.shared(worker), plan.parameter_count, updates),
        loop(parameters, worker, actor, learner, segment) {}

  AlignedBuffer<std::byte> blocks;
  SegmentView segment;
  FakeActor actor;
  SharedFakeLearner learner;
  HogwildWorker loop;
};

std::vector<float> stepped(const std::vector<float>& parameters, const std::vector<float>& copy, int update) {
  std::vector<float> gradient(copy.size());
  for (std::size_t i = 0; i < copy.size(); ++i) gradient[i] = fake_gradient(copy[i], update, 0, i);
  std::vector<float> result(parameters);
  for (std::size_t i = 0; i < copy.size(); ++i) result[i] = fake_step(result[i], gradient[i], square_sum(gradient));
  return result;
}

std::vector<float> values_of(const HogwildParameters& parameters) {
  std::vector<float> values(parameters.size());
  parameters.load(values);
  return values;
}

}  // namespace

TEST_CASE("a worker alone copies, collects, and steps from a fresh copy for every update") {
  const CollectionPlan plan = fake_plan(1, 4);
  HogwildParameters parameters(1, plan.parameter_count, AverageSharing::kShared);
  std::vector<float> expected(plan.parameter_count);
  set_parameters(expected, 5);
  parameters.store(expected);
  FakeWorker worker(plan, parameters, 0, 3);
  const std::atomic<bool> stop{false};
  SegmentReport report;
  for (int round = 0; round < 4; ++round) {
    REQUIRE(worker.loop.work(stop, report));
    for (int update = 0; update < 3; ++update) expected = stepped(expected, expected, update);
    CHECK(values_of(parameters) == expected);
    CHECK(report.lag == 0);
    CHECK(report.pulls == 3);
    CHECK(report.pushes == 3);
    CHECK(report.environment_steps == 4 * plan.layout.steps);
  }
  CHECK(parameters.pushes() == 12);
  CHECK(worker.learner.rounds() == 4);
}

TEST_CASE("a gradient steps what others have made of the parameters since it was begun, and its lag says how often") {
  const CollectionPlan plan = fake_plan(2, 4);
  HogwildParameters parameters(2, plan.parameter_count, AverageSharing::kShared);
  std::vector<float> initial(plan.parameter_count);
  set_parameters(initial, 5);
  parameters.store(initial);
  const std::atomic<bool> stop{false};
  FakeWorker other(plan, parameters, 1);
  SegmentReport of_other;
  // The other one works on two segments while this one collects.
  FakeWorker slow(plan, parameters, 0, 1, [&](int, int, const auto&) {
    for (int segment = 0; segment < 2; ++segment) REQUIRE(other.loop.work(stop, of_other));
    CHECK(of_other.lag == 0);
  });
  SegmentReport report;
  REQUIRE(slow.loop.work(stop, report));
  CHECK(report.lag == 2);
  std::vector<float> expected = stepped(initial, initial, 0);
  expected = stepped(expected, expected, 0);
  expected = stepped(expected, initial, 0);
  CHECK(values_of(parameters) == expected);
  CHECK(report.worker == 0);
  CHECK(of_other.worker == 1);
}

TEST_CASE("to a learner its worker's segment is the whole of a batch") {
  const CollectionPlan plan = fake_plan(2, 4);
  HogwildParameters parameters(2, plan.parameter_count, AverageSharing::kShared);
  int collected_first = -1;
  FakeWorker worker(plan, parameters, 1, 1, [&](int first, int, const auto&) { collected_first = first; });
  const std::atomic<bool> stop{false};
  SegmentReport report;
  REQUIRE(worker.loop.work(stop, report));
  CHECK(collected_first == 2);
  CHECK(worker.learner.first() == 0);
}

TEST_CASE("a segment that is given up steps nothing") {
  const CollectionPlan plan = fake_plan(1, 4);
  HogwildParameters parameters(1, plan.parameter_count, AverageSharing::kShared);
  FakeWorker worker(plan, parameters, 0);
  const std::atomic<bool> stop{true};
  SegmentReport report;
  CHECK_FALSE(worker.loop.work(stop, report));
  CHECK(parameters.pushes() == 0);
  CHECK(values_of(parameters) == std::vector<float>(plan.parameter_count, 0.0F));
}

TEST_CASE("averages are one set for all workers, or one of each") {
  const std::vector<float> ones(37, 1.0F);
  std::vector<float> seen(37);
  for (const AverageSharing averages : {AverageSharing::kShared, AverageSharing::kPerWorker}) {
    HogwildParameters parameters(2, 37, averages);
    parameters.shared(0).parameters.store(0, ones);
    parameters.shared(0).averages[1].store(0, ones);
    parameters.shared(0).updates->store(7);
    parameters.shared(0).rounds->store(9);
    const bool shared = averages == AverageSharing::kShared;
    parameters.shared(1).parameters.load(0, seen);
    CHECK(seen == ones);
    parameters.shared(1).averages[1].load(0, seen);
    CHECK((seen == ones) == shared);
    parameters.shared(1).averages[0].load(0, seen);
    CHECK(seen == std::vector<float>(37, 0.0F));
    CHECK(parameters.shared(1).updates->load() == (shared ? 7U : 0U));
    CHECK(parameters.shared(1).rounds->load() == 9);
  }
}

TEST_CASE("tickets open as far as the limit, reports come in order, and a pause lasts until the next opening") {
  constexpr int kWorkers = 3;
  constexpr std::uint64_t kOpen = 8;
  SharedRegion region("a test", SegmentTickets::bytes_for(kWorkers, kOpen));
  SegmentTickets tickets(region, kWorkers, kOpen);
  std::atomic<std::uint64_t> begun{0};
  std::atomic<int> working{0};
  std::vector<std::thread> workers;
  for (int worker = 1; worker < kWorkers; ++worker) {
    workers.emplace_back([&, worker] {
      for (long own = 0; tickets.await_begin(worker, kSleeper); ++own) {
        working.fetch_add(1);
        begun.fetch_add(1);
        SegmentReport report;
        report.worker = worker;
        report.lag = own;
        if (own % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
        working.fetch_sub(1);
        tickets.finish(worker, report, kSleeper);
      }
    });
  }
  std::vector<long> next(kWorkers, 0);
  int wrong = 0;
  for (std::uint64_t round = 1; round <= 300; ++round) {
    tickets.open_until(4 * round);
    while (tickets.taken() < 4 * round) {
      SegmentReport report;
      if (!tickets.take(report)) {
        tickets.await_report(kSleeper);
        continue;
      }
      if (report.lag != next[static_cast<std::size_t>(report.worker)]++) ++wrong;
    }
    if (begun.load() != 4 * round) ++wrong;
    if (round % 10 != 0) continue;
    // Open segments that a pause finds under way are finished, and no other is begun.
    tickets.open_until(4 * round + 4);
    tickets.pause(kSleeper);
    if (working.load() != 0) ++wrong;
    const std::uint64_t at_pause = begun.load();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    if (begun.load() != at_pause) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK_THROWS_AS(tickets.open_until(tickets.taken() + kOpen + 1), std::logic_error);
  tickets.end();
  for (std::thread& worker : workers) worker.join();
}

TEST_CASE("workers in threads and processes do every segment once, each from its own environments") {
  for (const CompanionPlace place : {CompanionPlace::kThreads, CompanionPlace::kProcesses}) {
    constexpr int kWorkers = 3;
    constexpr std::uint64_t kSegments = 600;
    const CollectionPlan plan = fake_plan(kWorkers, 6);
    HogwildParameters parameters(kWorkers, plan.parameter_count, AverageSharing::kShared);
    std::vector<float> initial(plan.parameter_count);
    set_parameters(initial, 1);
    parameters.store(initial);
    SharedRegion region("a test", SegmentTickets::bytes_for(kWorkers, kSegments));
    SegmentTickets tickets(region, kWorkers, kSegments);
    Companions others(
        place, kWorkers, [&](int worker) { FakeWorker(plan, parameters, worker).loop.serve(tickets, kSleeper); },
        [&] { tickets.end(); });
    FakeWorker own(plan, parameters, 0);
    const Waiter waiter{0.0, [&] { others.check(); }};
    const std::atomic<bool> stop{false};
    tickets.open_until(kSegments);
    std::uint64_t steps = 0;
    while (tickets.taken() < kSegments) {
      SegmentReport report;
      if (tickets.take(report)) {
        steps += static_cast<std::uint64_t>(report.environment_steps);
      } else if (!tickets.begin(0, waiter)) {
        tickets.await_report(waiter);
      } else {
        REQUIRE(own.loop.work(stop, report));
        tickets.finish(0, report, waiter);
      }
    }
    CHECK(parameters.pushes() == kSegments);
    CHECK(steps == kSegments * 2 * static_cast<std::uint64_t>(plan.layout.steps));
    for (const float parameter : values_of(parameters)) CHECK(std::isfinite(parameter));
  }
}

TEST_CASE("a companion that fails is noticed") {
  const auto fails = [](int worker) {
    if (worker == 2) throw std::runtime_error("there is no more of it");
  };
  {
    Companions threads(CompanionPlace::kThreads, 3, fails, [] {});
    const auto check_for_long = [&] {
      for (int look = 0; look < 60000; ++look) {
        threads.check();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    };
    CHECK_THROWS_AS(check_for_long(), std::runtime_error);
  }
  std::atomic<bool> never{false};
  Companions processes(
      CompanionPlace::kProcesses, 3,
      [&](int worker) {
        if (worker == 2) _exit(3);
        wait_for_stop(never);
      },
      [] {});
  const auto check_for_long = [&] {
    for (int look = 0; look < 60000; ++look) {
      processes.check();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  CHECK_THROWS_AS(check_for_long(), WorkerDied);
}

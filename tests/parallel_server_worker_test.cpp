// Workers of an asynchronous parameter server: what one does between meetings, and gradients of which none is lost.
#include <atomic>
#include <thread>
#include <vector>

#include "parallel/agree/merging_server.hpp"
#include "parallel/schedule/hogwild_worker.hpp"
#include "parallel/schedule/server_worker.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_fake_learner.hpp"
#include "tests/parallel_fakes.hpp"

using namespace prl;
using namespace prl::test;

namespace {

const Waiter kSleeper{0.0, {}};

std::vector<float> values_of(ServedParameters<float>& server) {
  std::vector<float> values(server.count());
  server.load(values, kSleeper);
  return values;
}

// Adds 1 to every shared parameter, whatever it has computed.
class CountingLearner final : public Learner {
 public:
  CountingLearner(const SharedParameters& shared, std::size_t count)
      : shared_(shared), copy_(count), gradient_(count) {}

  std::span<float> parameters() override { return copy_.span(); }
  void ingest(const SegmentView&) override {}
  std::span<double> joint_statistics() override { return {}; }
  int updates_due() const override { return 1; }
  void compute_gradient(int, int) override {}
  std::span<float> gradient(int) override { return gradient_.span(); }
  void apply_gradient(ParameterRange, std::span<const float>, double) override {
    shared_.parameters.load(0, copy_.span());
    for (float& value : copy_.span()) value += 1.0F;
    shared_.parameters.store(0, copy_.span());
  }
  void finish_update() override {}
  void finish_round() override {}

 private:
  const SharedParameters& shared_;
  AlignedBuffer<float> copy_;
  AlignedBuffer<float> gradient_;
};

}  // namespace

TEST_CASE("no gradient is lost where a server takes them one after the other") {
  constexpr int kWorkers = 3;
  constexpr int kSegments = 300;
  const CollectionPlan plan = fake_plan(kWorkers, kWorkers);
  HogwildParameters parameters(kWorkers, plan.parameter_count, AverageSharing::kShared);
  std::vector<std::thread> threads;
  for (int worker = 0; worker < kWorkers; ++worker) {
    threads.emplace_back([&, worker] {
      AlignedBuffer<std::byte> blocks(plan.segment_bytes() / kWorkers);
      FakeActor actor(plan.parameter_count, {});
      CountingLearner learner(parameters.shared(worker), plan.parameter_count);
      HogwildWorker loop(parameters, worker, actor, learner, {plan.layout, blocks.data(), worker, 1}, std::nullopt,
                         kSleeper);
      const std::atomic<bool> stop{false};
      SegmentReport report;
      for (int segment = 0; segment < kSegments; ++segment) loop.work(stop, report);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<float> values(plan.parameter_count);
  parameters.load(values);
  CHECK((values == std::vector<float>(plan.parameter_count, kWorkers * kSegments)));
}

TEST_CASE("a worker meets the server after every second segment, with all that it has learned") {
  const CollectionPlan plan = fake_plan(1, 2);
  SharedRegion region("a test", ServedParameters<float>::bytes(plan.parameter_count, 2));
  ServedParameters<float> board(region, plan.parameter_count, 2);
  std::vector<float> own(plan.parameter_count);
  std::vector<float> gradient(plan.parameter_count);
  set_parameters(own, 5);
  board.store(own, kSleeper);
  std::vector<float> expected = own;
  AlignedBuffer<std::byte> blocks(plan.segment_bytes());
  FakeActor actor(plan.parameter_count, {});
  FakeLearner learner({1, 0, 1}, 3, own, {gradient});
  MergingMember<float> server(board, {0.5, true}, kSleeper);
  ServerWorker worker(server, 0, actor, learner, {plan.layout, blocks.data(), 0, 2}, 2);
  const std::atomic<bool> stop{false};
  SegmentReport report;
  int update = 0;
  for (int segment = 1; segment <= 4; ++segment) {
    const std::vector<float> at_server = values_of(board);
    REQUIRE(worker.work(stop, report));
    for (int i = 0; i < 3; ++i, ++update) {
      std::vector<float> step(expected.size());
      for (std::size_t k = 0; k < step.size(); ++k) step[k] = fake_gradient(expected[k], update, 0, k);
      for (std::size_t k = 0; k < step.size(); ++k) expected[k] = fake_step(expected[k], step[k], square_sum(step));
    }
    const bool meets = segment % 2 == 0;
    for (std::size_t k = 0; meets && k < expected.size(); ++k) {
      expected[k] = at_server[k] + 0.5F * (expected[k] - at_server[k]);
    }
    CHECK((own == expected));
    CHECK((values_of(board) == (meets ? expected : at_server)));
    CHECK(report.updates == 3);
    CHECK(report.pushes == (meets ? 1 : 0));
    CHECK(report.pulls == (meets ? 1 : 0));
  }
}

// Workers that average in pairs: what one does between meetings, and that nothing is lost where several work.
#include <atomic>
#include <cmath>
#include <vector>

#include "parallel/schedule/pair_worker.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_fake_learner.hpp"
#include "tests/parallel_fakes.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr std::uint64_t kSeed = 3;
constexpr int kUpdates = 3;

std::vector<float> initial_parameters(std::size_t count) {
  std::vector<float> parameters(count);
  set_parameters(parameters, 5);
  return parameters;
}

// One of two workers with an environment each, or alone with one of two.
struct Worker {
  Worker(GossipBoard<float>& board, const CollectionPlan& plan, int index, int segments_between_meetings)
      : own(initial_parameters(plan.parameter_count)),
        gradient(plan.parameter_count),
        blocks(plan.segment_bytes() / 2),
        actor(plan.parameter_count, {}),
        pairs(board, GossipTopology::kRing, index, own, kSeed, Waiter{}),
        learner({1, 0, 1}, kUpdates, own, {gradient}),
        loop(pairs, index, actor, learner, {plan.layout, blocks.data(), index, 1}, segments_between_meetings) {}

  SegmentReport work() {
    const std::atomic<bool> stop{false};
    SegmentReport report;
    REQUIRE(loop.work(stop, report));
    return report;
  }

  std::vector<float> own;
  std::vector<float> gradient;
  AlignedBuffer<std::byte> blocks;
  FakeActor actor;
  PairAveraging<float> pairs;
  FakeLearner learner;
  PairWorker loop;
};

// What a learner that has made `done` updates makes of these parameters in a segment.
std::vector<float> learned_from(std::vector<float> parameters, int done) {
  std::vector<float> step(parameters.size());
  for (int update = done; update < done + kUpdates; ++update) {
    for (std::size_t k = 0; k < step.size(); ++k) step[k] = fake_gradient(parameters[k], update, 0, k);
    const double sum = square_sum(step);
    for (std::size_t k = 0; k < step.size(); ++k) parameters[k] = fake_step(parameters[k], step[k], sum);
  }
  return parameters;
}

bool is_near(std::span<const float> values, std::span<const float> expected) {
  for (std::size_t k = 0; k < expected.size(); ++k) {
    if (std::abs(values[k] - expected[k]) > 1e-6F) return false;
  }
  return values.size() == expected.size();
}

}  // namespace

TEST_CASE("a worker averages after every second segment, and begins each from its copy as the other has left it") {
  const CollectionPlan plan = fake_plan(2, 2);
  SharedRegion region("a test", GossipBoard<float>::bytes(2, plan.parameter_count));
  GossipBoard<float> board(region, 2, plan.parameter_count);
  const std::vector<float> initial = initial_parameters(plan.parameter_count);
  board.store(initial);
  Worker first(board, plan, 0, 2);
  Worker second(board, plan, 1, 1);

  // Alone with its copy.
  SegmentReport report = first.work();
  const std::vector<float> once = learned_from(initial, 0);
  CHECK(report.updates == kUpdates);
  CHECK((report.pushes == 0 && report.pulls == 0));
  CHECK(first.own == once);
  CHECK(is_near(board.copy(0), once));
  CHECK(is_near(board.copy(1), initial));

  // The other learns as much from the same, so the mean is the same.
  report = second.work();
  CHECK((report.pushes == 1 && report.pulls == 1 && report.lag == 0));
  CHECK(is_near(second.own, once));
  CHECK(is_near(board.copy(0), once));

  // The other goes on, and halves of its steps reach the first's copy before the first has learned.
  second.work();
  const std::vector<float> twice = learned_from(once, kUpdates);
  std::vector<float> halfway(once.size());
  for (std::size_t k = 0; k < once.size(); ++k) halfway[k] = (once[k] + twice[k]) / 2;
  CHECK(is_near(second.own, halfway));
  CHECK(is_near(board.copy(0), halfway));

  // The first computes from what it took, and its steps go to what has become of that.
  report = first.work();
  CHECK((report.pushes == 1 && report.lag == 2));
  std::vector<float> expected(once.size());
  for (std::size_t k = 0; k < once.size(); ++k) expected[k] = halfway[k] + (twice[k] - once[k]) / 2;
  CHECK(is_near(first.own, expected));
  CHECK(is_near(board.copy(0), expected));
  CHECK(is_near(board.copy(1), expected));
}

TEST_CASE("a worker without neighbours goes on from its own parameters and counts no message") {
  const CollectionPlan plan = fake_plan(2, 2);
  SharedRegion region("a test", GossipBoard<float>::bytes(1, plan.parameter_count));
  GossipBoard<float> board(region, 1, plan.parameter_count);
  std::vector<float> expected = initial_parameters(plan.parameter_count);
  board.store(expected);
  Worker alone(board, plan, 0, 1);
  for (int segment = 0; segment < 3; ++segment) {
    const SegmentReport report = alone.work();
    expected = learned_from(expected, segment * kUpdates);
    CHECK(alone.own == expected);
    CHECK((report.pushes == 0 && report.pulls == 0));
  }
}

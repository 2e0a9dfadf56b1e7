// First priorities from the action values that the actors acted by.
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "envs/cartpole.hpp"
#include "envs/mountain_car.hpp"
#include "tests/catch2.hpp"
#include "tests/dqn_cases.hpp"

namespace {

using prl::CartPole;
using prl::MountainCar;
using prl::ReplayKind;
using prl::SegmentView;
using prl::test::DqnCase;
using prl::test::DqnRun;
using prl::test::OwnedDqn;
using prl::test::small_case;

// One environment, one observation, three actions, priorities as they are.
DqnCase priorities_by_hand() {
  DqnCase c;
  c.network = prl::test::network_spec(1, 3, prl::ActionKind::kDiscrete, {8}, true, prl::Activation::kRelu);
  c.environments = 1;
  c.setting.n_step = 3;
  c.setting.gamma = 0.5F;
  c.setting.batch = 2;
  c.setting.replay_capacity = 64;
  c.setting.learning_starts = 1'000'000;
  c.setting.replay = ReplayKind::kPrioritised;
  c.setting.priority_exponent = 1.0F;
  c.setting.first_priority = prl::FirstPriority::kActor;
  return c;
}

}  // namespace

TEST_CASE(
    "First priorities by the actor, by hand: three steps, through a termination, a truncation and a segment's end") {
  const DqnCase c = priorities_by_hand();
  OwnedDqn own(c);
  prl::SegmentLayout layout = prl::test::segment_layout(c.network, c.steps);
  layout.cut_rows = 2;
  CHECK_THROWS_AS(own.learner().ingest(prl::test::Blocks(layout, 1).view()), std::invalid_argument);
  layout.action_values = true;
  for (int segment = 0; segment < 2; ++segment) {
    const prl::test::Blocks blocks(layout, 1);
    const prl::TrajectoryView steps = blocks.view().trajectory(0);
    for (int t = 0; t < c.steps; ++t) {
      const int all = segment * c.steps + t;
      steps.rewards[t] = std::exp2(static_cast<float>(all));
      steps.chosen_values[t] = 100.0F + static_cast<float>(all);
      steps.values[t] = 200.0F + static_cast<float>(all);
      if (all == 3) steps.ends[t] = prl::kTerminated;
      if (all == 6) steps.ends[t] = prl::kTruncated;
    }
    if (segment == 0) steps.bootstrap[6] = 1000.0F;
    // What the recursion of other rules would be cut with.
    steps.bootstrap[7] = 5000.0F;
    own.learner().ingest(blocks.view());
  }
  // 2^t halved t times is 1: three rewards from t on are 3 2^t, and the greatest value after them counts an eighth.
  const std::vector<double> errors = {3 + 203 / 8.0 - 100,
                                      6 - 101.0,
                                      8 - 102.0,
                                      8 - 103.0,
                                      48 + 1000 / 8.0 - 104,
                                      64 + 1000 / 4.0 - 105,
                                      64 + 1000 / 2.0 - 106,
                                      384 + 210 / 8.0 - 107,
                                      768 + 211 / 8.0 - 108,
                                      1536 + 212 / 8.0 - 109,
                                      3072 + 213 / 8.0 - 110,
                                      6144 + 214 / 8.0 - 111,
                                      12288 + 215 / 8.0 - 112.0};
  REQUIRE(own.learner().replay(0).size() == static_cast<int>(errors.size()));
  double sum = 0.0;
  for (const double error : errors) sum += std::abs(error) + 1e-6;
  for (std::size_t slot = 0; slot < errors.size(); ++slot) {
    CAPTURE(slot);
    const double expected = (std::abs(errors[slot]) + 1e-6) / sum;
    CHECK(std::abs(own.learner().priorities(0)->probability(static_cast<int>(slot)) - expected) < 1e-9);
  }
}

TEMPLATE_TEST_CASE("First priorities by the actor equal those by error while all networks are the actor's", "",
                   CartPole<float>, MountainCar<float>) {
  DqnCase c = small_case<TestType>();
  c.steps = 150;
  c.setting.n_step = 3;
  c.setting.replay_capacity = 10'000;
  c.setting.learning_starts = 1'000'000;
  c.setting.replay = ReplayKind::kPrioritised;
  c.setting.loss.dueling = GENERATE(true, false);
  c.setting.loss.double_q = GENERATE(true, false);
  const bool keeps_cuts = GENERATE(true, false);
  CAPTURE(c.setting.loss.dueling, c.setting.loss.double_q, keeps_cuts);
  c.setting.first_priority = prl::FirstPriority::kError;
  OwnedDqn by_error(c);
  c.setting.first_priority = prl::FirstPriority::kActor;
  OwnedDqn by_actor(c);
  DqnRun<TestType> run(c, keeps_cuts);
  for (int round = 0; round < 4; ++round) {
    const SegmentView& segment = run.collect(by_actor.parameters());
    by_error.learner().ingest(segment);
    by_actor.learner().ingest(segment);
  }
  const int size = by_actor.learner().replay(0).size();
  REQUIRE(size > 3 * 4 * 150);
  int different = 0;
  for (int slot = 0; slot < size; ++slot) {
    const double expected = by_error.learner().priorities(0)->probability(slot);
    different += by_actor.learner().priorities(0)->probability(slot) != expected;
  }
  CHECK(different == 0);
  // They are no constant.
  CHECK(by_actor.learner().priorities(0)->probability(0) != by_actor.learner().priorities(0)->probability(1));
}

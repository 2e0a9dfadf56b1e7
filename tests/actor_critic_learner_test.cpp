// A2C and V-trace as learners of shards: whoever holds them computes the same, and stale policies are corrected for.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

#include "algorithms/rules.hpp"
#include "envs/cartpole.hpp"
#include "envs/pendulum.hpp"
#include "tests/catch2.hpp"
#include "tests/owned_learner.hpp"
#include "tests/relative_distance.hpp"

namespace {

using prl::A2cSetting;
using prl::CartPole;
using prl::LearnerPlan;
using prl::NetworkSpec;
using prl::Pendulum;
using prl::RuleSetting;
using prl::SegmentView;
using prl::ShardPlan;
using prl::VtraceSetting;
using prl::test::OwnedRule;

constexpr int kEnvironments = 7;
constexpr int kSteps = 24;
// No test's environment ends three episodes by the time limit in 24 steps.
constexpr int kCutRows = 2;

template <typename E>
NetworkSpec network() {
  return prl::test::network_for<E>({33, 17}, false, prl::Activation::kTanh);
}

template <typename Setting>
Setting setting() {
  Setting setting;
  setting.learner.loss.entropy_coefficient = 0.01F;
  setting.targets.lambda = 0.9F;
  return setting;
}

LearnerPlan plan_for(ShardPlan shards) { return {shards, kEnvironments, kSteps, prl::test::kRunSeed, 100, kCutRows}; }

// Rounds of an actor of its own, with rows for cut observations.
template <typename E>
class Run {
 public:
  Run()
      : blocks_(layout(), kEnvironments),
        actor_({.layout = prl::NetworkLayout(network<E>()), .seed = prl::test::kRunSeed, .step_cost = {}}, 0,
               kEnvironments) {}

  const SegmentView& collect(const float* parameters) {
    actor_.collect(parameters, blocks_.view(), std::atomic<bool>(false));
    return blocks_.view();
  }

 private:
  static prl::SegmentLayout layout() {
    prl::SegmentLayout layout = prl::test::segment_layout(network<E>(), kSteps);
    layout.cut_rows = kCutRows;
    return layout;
  }

  prl::test::Blocks blocks_;
  prl::RolloutActor<E> actor_;
};

std::vector<float> gradient_of(OwnedRule& own, const SegmentView& segment) {
  own.learner().ingest(segment);
  const std::span<const float> sum = own.summed_gradient(0);
  return {sum.begin(), sum.end()};
}

}  // namespace

TEMPLATE_TEST_CASE("A shard's gradient has the same bits whoever holds it, and shards add up to the whole", "",
                   Pendulum<float>, CartPole<float>) {
  for (const RuleSetting& rule : {RuleSetting(setting<A2cSetting>()), RuleSetting(setting<VtraceSetting>())}) {
    OwnedRule whole(network<TestType>(), rule, plan_for({1, 0, 1}));
    Run<TestType> run;
    const SegmentView& segment = run.collect(whole.parameters());
    const std::vector<float> expected = gradient_of(whole, segment);
    // 10 shards of 7 environments: some have none.
    for (const int shards : {2, 3, 7, 10}) {
      CAPTURE(prl::name_of(rule), shards);
      OwnedRule central(network<TestType>(), rule, plan_for({shards, 0, shards}));
      CHECK(prl::test::relative_distance(gradient_of(central, segment), expected) < 1e-5);
      for (int s = 0; s < shards; ++s) {
        OwnedRule holder(network<TestType>(), rule, plan_for({shards, s, 1}));
        const std::vector<float> own = gradient_of(holder, segment);
        const std::span<const float> same = central.learner().gradient(s);
        CHECK(std::equal(own.begin(), own.end(), same.begin()));
        const bool empty = (s + 1) * kEnvironments / shards == s * kEnvironments / shards;
        CHECK(std::all_of(own.begin(), own.end(), [](float g) { return g == 0.0F; }) == empty);
      }
    }
  }
}

TEMPLATE_TEST_CASE("On the current policy's trajectories V-trace's gradient is A2C's, whatever its clips above 1", "",
                   Pendulum<float>, CartPole<float>) {
  A2cSetting nstep = setting<A2cSetting>();
  nstep.targets.lambda = 1.0F;
  OwnedRule a2c(network<TestType>(), nstep, plan_for({1, 0, 1}));
  Run<TestType> run;
  for (const float clip : {1.0F, 5.0F}) {
    VtraceSetting clipped = setting<VtraceSetting>();
    clipped.targets = {.lambda = 1.0F, .rho_bar = clip, .c_bar = clip};
    OwnedRule vtrace(network<TestType>(), clipped, plan_for({1, 0, 1}));
    const SegmentView& segment = run.collect(a2c.parameters());
    CHECK(prl::test::relative_distance(gradient_of(vtrace, segment), gradient_of(a2c, segment)) < 1e-5);
  }
}

TEST_CASE("A stale policy's ratios move the gradient, and are left out where correction is off") {
  VtraceSetting corrected = setting<VtraceSetting>();
  VtraceSetting uncorrected = corrected;
  uncorrected.targets.correct = false;
  const auto gradient = [](const VtraceSetting& rule, bool stale) {
    OwnedRule own(network<CartPole<float>>(), rule, plan_for({1, 0, 1}));
    Run<CartPole<float>> run;
    const SegmentView& segment = run.collect(own.parameters());
    if (stale) {
      // What the trajectories do not tell: that the behaviour policy was another one.
      for (int i = 0; i < kEnvironments; ++i) {
        for (int t = 0; t < kSteps; ++t) segment.trajectory(i).log_probs[t] += 0.5F;
      }
    }
    return gradient_of(own, segment);
  };
  CHECK(gradient(uncorrected, true) == gradient(uncorrected, false));
  CHECK(prl::test::relative_distance(gradient(corrected, true), gradient(corrected, false)) > 0.1);
  CHECK(prl::test::relative_distance(gradient(corrected, false), gradient(uncorrected, false)) < 1e-6);
}

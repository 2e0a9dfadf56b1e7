// Rounds that are cut early: who stops when; that a cut rollout is a shorter rollout, after which the environments go on;
// and that rules learn from the steps that were taken as if there had been no others.
#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include "core/early_cut.hpp"
#include "envs/cartpole.hpp"
#include "tests/catch2.hpp"
#include "tests/owned_learner.hpp"
#include "tests/relative_distance.hpp"

using namespace prl;
using namespace prl::test;

namespace {

using Pole = CartPole<float>;

constexpr int kSteps = 16;
constexpr int kLeast = 4;
constexpr int kTimeLimit = 500;

NetworkSpec network() { return network_for<Pole>({9}, true, Activation::kTanh); }

SegmentLayout layout_of(int steps) {
  SegmentLayout layout = segment_layout(network(), steps);
  layout.cut_rows = most_cuts(steps, kTimeLimit);
  layout.state_bytes = static_cast<int>(VectorEnv<Pole>::kKeptBytes);
  return layout;
}

AlignedBuffer<float> parameters() {
  const NetworkLayout layout(network());
  AlignedBuffer<float> values(layout.parameter_count);
  initialise_parameters(layout, kRunSeed, values.span());
  return values;
}

ActorSetting actor_setting() { return {.layout = NetworkLayout(network()), .seed = kRunSeed, .step_cost = {}}; }

void collect(Actor& actor, const SegmentView& out) {
  const AlignedBuffer<float> values = parameters();
  REQUIRE(actor.collect(values.data(), out, std::atomic<bool>{false}));
}

// A round of four environments, of which each of the first `cut` takes kLeast steps of kSteps.
struct RaggedRound {
  explicit RaggedRound(int cut) : blocks(layout_of(kSteps), 4) {
    std::atomic<std::uint64_t> left{1};
    for (int environment = 0; environment < 4; ++environment) {
      EarlyCut early(0.5, 2, kSteps, left);
      RolloutActor<Pole> actor(actor_setting(), environment, 1);
      if (environment < cut) actor.cut_early(early);
      early.begin_round();
      collect(actor, blocks.view().part(environment, 1));
    }
  }
  Blocks blocks;
};

// The same environments' first `steps` steps in a segment of that length.
struct ShortRound {
  ShortRound(int steps, int first, int count) : blocks(layout_of(steps), count) {
    RolloutActor<Pole> actor(actor_setting(), first, count);
    collect(actor, view(first, count));
  }
  SegmentView view(int first, int count) const { return {blocks.view().layout(), blocks.view().bytes(), first, count}; }
  Blocks blocks;
};

// With one update a round and no statistics but the number of rows.
std::vector<RuleSetting> one_update_rules() {
  PpoSetting ppo;
  ppo.epochs = 1;
  ppo.minibatch = 1000;
  ppo.normalise_advantages = false;
  return {ppo, A2cSetting{}, VtraceSetting{}};
}

LearnerPlan plan_of(int environments, int steps, ShardPlan shards, bool absent_steps) {
  return {shards, environments, steps, kRunSeed, 100, most_cuts(steps, kTimeLimit), absent_steps};
}

std::vector<float> gradient_of(const RuleSetting& rule, const LearnerPlan& plan, const SegmentView& segment) {
  OwnedRule owned(network(), rule, plan);
  owned.learner().ingest(segment);
  const std::span<const float> gradient = owned.summed_gradient(0);
  return {gradient.begin(), gradient.end()};
}

std::vector<float> parameters_after(const RuleSetting& rule, const LearnerPlan& plan, const SegmentView& segment) {
  OwnedRule owned(network(), rule, plan);
  owned.learn(segment);
  return owned.parameter_copy();
}

}  // namespace

TEST_CASE("a round is cut once enough workers have left it, and never before a quarter of its steps") {
  std::atomic<std::uint64_t> left{0};
  EarlyCut cut(0.6, 4, 10, left);  // three of four; three of ten steps
  for (std::uint64_t round = 0; round < 3; ++round) {
    left.store(4 * round);
    cut.begin_round();
    for (std::uint64_t gone = 0; gone < 3; ++gone) {
      left.store(4 * round + gone);
      CHECK_FALSE(cut.due(9));
    }
    left.store(4 * round + 3);
    CHECK_FALSE(cut.due(2));
    CHECK(cut.due(3));
    cut.leave_round();
    CHECK(left.load() == 4 * (round + 1));
  }
  EarlyCut never(1.0, 4, 10, left);
  left.store(3);
  never.begin_round();
  CHECK_FALSE(never.due(9));
}

TEST_CASE("a cut rollout is a shorter one, and its environments go on at the next round's steps") {
  std::atomic<std::uint64_t> left{1};
  EarlyCut cut(0.5, 2, kSteps, left);
  RolloutActor<Pole> actor(actor_setting(), 0, 3);
  actor.cut_early(cut);
  cut.begin_round();
  const Blocks whole(layout_of(kSteps), 3);
  collect(actor, whole.view());
  const ShortRound brief(kLeast, 0, 3);
  EnvironmentStates states{kSteps, VectorEnv<Pole>::kKeptBytes, {}};
  for (int i = 0; i < 3; ++i) {
    const TrajectoryView taken = whole.view().trajectory(i);
    const TrajectoryView expected = brief.blocks.view().trajectory(i);
    REQUIRE(present_steps(taken.ends, kSteps) == kLeast);
    const auto same = [](const float* a, const float* b, int floats) {
      return std::memcmp(a, b, static_cast<std::size_t>(floats) * sizeof(float)) == 0;
    };
    CHECK(same(taken.observations, expected.observations, kLeast * Pole::kObservationSize));
    CHECK(same(taken.actions, expected.actions, kLeast));
    CHECK(same(taken.values, expected.values, kLeast));
    CHECK(same(taken.rewards, expected.rewards, kLeast));
    CHECK(same(taken.bootstrap, expected.bootstrap, kLeast));
    CHECK(taken.bootstrap[kLeast - 1] != 0.0F);
    CHECK(same(taken.cut_observations, expected.cut_observations, Pole::kObservationSize));
    CHECK(std::memcmp(taken.ends, expected.ends, kLeast) == 0);
    states.bytes.insert(states.bytes.end(), taken.kept_state, taken.kept_state + states.bytes_each);
  }
  ActorSetting setting = actor_setting();
  setting.states = std::make_shared<const EnvironmentStates>(states);
  RolloutActor<Pole> resumed(setting, 0, 3);
  const Blocks expected(layout_of(kSteps), 3);
  collect(resumed, expected.view());
  left.store(2);
  cut.begin_round();  // due with the third
  collect(actor, whole.view());
  CHECK((whole.copy() == expected.copy()));
}

TEST_CASE("a round in which every worker was cut is learned from as a shorter one, bit by bit") {
  PpoSetting ppo;
  ppo.epochs = 2;
  std::vector<RuleSetting> rules = {ppo, A2cSetting{}, VtraceSetting{}};
  for (RuleSetting& rule : rules) {
    RuleSetting of_short = rule;
    // Two minibatches either way.
    if (auto* setting = std::get_if<PpoSetting>(&rule)) setting->minibatch = 4 * kSteps / 2;
    if (auto* setting = std::get_if<PpoSetting>(&of_short)) setting->minibatch = 4 * kLeast / 2;
    const RaggedRound round(4);
    const ShortRound brief(kLeast, 0, 4);
    for (const int shards : {1, 2}) {
      const ShardPlan plan{shards, 0, shards};
      CHECK((parameters_after(rule, plan_of(4, kSteps, plan, true), round.blocks.view()) ==
             parameters_after(of_short, plan_of(4, kLeast, plan, false), brief.blocks.view())));
    }
  }
}

TEST_CASE("a round that nobody was cut in is learned from as without cuts, bit by bit") {
  const RaggedRound round(0);
  for (const RuleSetting& rule : std::vector<RuleSetting>{PpoSetting{}, A2cSetting{}, VtraceSetting{}}) {
    CHECK((parameters_after(rule, plan_of(4, kSteps, {2, 0, 2}, true), round.blocks.view()) ==
           parameters_after(rule, plan_of(4, kSteps, {2, 0, 2}, false), round.blocks.view())));
  }
}

TEST_CASE("the gradient of a cut round is the mean over the steps that were taken") {
  const RaggedRound round(2);
  for (const RuleSetting& rule : one_update_rules()) {
    std::vector<float> expected(NetworkLayout(network()).parameter_count, 0.0F);
    const float all = 2 * kLeast + 2 * kSteps;
    for (int environment = 0; environment < 4; ++environment) {
      const int steps = environment < 2 ? kLeast : kSteps;
      const ShortRound alone(steps, environment, 1);
      const SegmentView as_first(alone.blocks.view().layout(), alone.blocks.view().bytes(), 0, 1);
      const std::vector<float> gradient = gradient_of(rule, plan_of(1, steps, {1, 0, 1}, false), as_first);
      for (std::size_t p = 0; p < expected.size(); ++p) expected[p] += gradient[p] * static_cast<float>(steps) / all;
    }
    const std::vector<float> actual = gradient_of(rule, plan_of(4, kSteps, {1, 0, 1}, true), round.blocks.view());
    CHECK(relative_distance(actual, expected) < 1e-5);
  }
}

TEST_CASE("holders of one shard each add up their rows and learn as one holder of all") {
  const RaggedRound round(1);
  for (const RuleSetting& rule : std::vector<RuleSetting>{PpoSetting{}, A2cSetting{}, VtraceSetting{}}) {
    OwnedRule together(network(), rule, plan_of(4, kSteps, {2, 0, 2}, true));
    together.learner().ingest(round.blocks.view());
    std::vector<std::unique_ptr<OwnedRule>> apart;
    std::vector<double> sum;
    for (int shard = 0; shard < 2; ++shard) {
      apart.push_back(std::make_unique<OwnedRule>(network(), rule, plan_of(4, kSteps, {2, shard, 1}, true)));
      apart.back()->learner().ingest(round.blocks.view().part(2 * shard, 2));
      const std::span<double> own = apart.back()->learner().joint_statistics();
      sum.resize(own.size(), 0.0);
      for (std::size_t i = 0; i < own.size(); ++i) sum[i] += own[i];
    }
    REQUIRE(!sum.empty());
    for (const auto& holder : apart) {
      std::copy(sum.begin(), sum.end(), holder->learner().joint_statistics().begin());
    }
    for (int shard = 0; shard < 2; ++shard) {
      together.learner().compute_gradient(0, shard);
      Learner& own = apart[static_cast<std::size_t>(shard)]->learner();
      own.compute_gradient(0, 0);
      const std::span<float> expected = together.learner().gradient(shard);
      CHECK(std::equal(expected.begin(), expected.end(), own.gradient(0).begin()));
    }
  }
}

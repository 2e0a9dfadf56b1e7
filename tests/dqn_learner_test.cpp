// When DQN updates, from what, and what it keeps beside the parameters.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
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
using prl::test::is_step_of;
using prl::test::newest_slots;
using prl::test::OwnedDqn;
using prl::test::small_case;

}  // namespace

TEST_CASE("Updates follow the environment steps, once learning starts") {
  DqnCase c = small_case<CartPole<float>>();
  c.setting.train_every = 10;
  c.setting.learning_starts = 50;
  OwnedDqn own(c);
  DqnRun<CartPole<float>> run(c);
  // 32 steps a round: 32 are too few; then by tens up to 64, 96, 128, 160.
  for (const int expected : {0, 3, 3, 3, 4}) CHECK(own.learn(run.collect(own.parameters())) == expected);
}

TEST_CASE("A replay that holds less than a batch waits, whatever learning_starts says") {
  DqnCase c = small_case<CartPole<float>>();
  c.setting.batch = 40;
  c.setting.learning_starts = 0;
  OwnedDqn own(c);
  DqnRun<CartPole<float>> run(c);
  CHECK(own.learn(run.collect(own.parameters())) == 0);
  CHECK(own.learner().replay(0).size() < 40);
  CHECK(own.learn(run.collect(own.parameters())) == 4);
}

TEST_CASE("A replay that could never hold a batch, and shards without an environment or a row, are refused") {
  DqnCase c = small_case<CartPole<float>>();
  CHECK_THROWS_AS(OwnedDqn(c, {5, 0, 5}), std::invalid_argument);
  c.setting.batch = 3;
  CHECK_THROWS_AS(OwnedDqn(c, {4, 0, 4}), std::invalid_argument);
  CHECK_NOTHROW(OwnedDqn(c, {3, 0, 3}));
  c.setting.replay_capacity = 2;
  CHECK_THROWS_AS(OwnedDqn(c), std::invalid_argument);
  c = small_case<CartPole<float>>();
  c.network.action_kind = prl::ActionKind::kContinuous;
  CHECK_THROWS_AS(OwnedDqn(c), std::invalid_argument);
}

TEST_CASE("The target network is the parameters of the last multiple of its interval") {
  const DqnCase c = small_case<CartPole<float>>();
  OwnedDqn own(c);
  DqnRun<CartPole<float>> run(c);
  std::vector<float> expected = own.parameter_copy();
  int updates = 0;
  for (int round = 0; round < 4; ++round) {
    own.learner().ingest(run.collect(own.parameters()));
    const int due = own.learner().updates_due();
    for (int update = 0; update < due; ++update) {
      const auto target = own.learner().target_parameters();
      REQUIRE(std::equal(target.begin(), target.end(), expected.begin()));
      own.apply(own.summed_gradient(update));
      if (++updates % 3 == 0) expected = own.parameter_copy();
    }
    own.learner().finish_round();
  }
  CHECK(updates == 16);
}

TEST_CASE("With interval 0 the target network is the parameters that were agreed on last, whatever is updated since") {
  for (const int interval : {0, 3}) {
    DqnCase c = small_case<CartPole<float>>();
    c.setting.target_interval = interval;
    OwnedDqn own(c);
    DqnRun<CartPole<float>> run(c);
    const auto target = [&] {
      const std::span<const float> values = own.learner().target_parameters();
      return std::vector<float>(values.begin(), values.end());
    };
    const std::vector<float> initial = own.parameter_copy();
    int updates = 0;
    while (updates < 4) updates += own.learn(run.collect(own.parameters()));
    CHECK((target() == initial) == (interval == 0));
    const std::vector<float> before = target();
    const std::span<float> parameters = own.learner().parameters();
    for (float& parameter : parameters) parameter *= 0.5F;  // as a meeting would change them
    const std::vector<float> agreed = own.parameter_copy();
    own.learner().take_agreed();
    CHECK((target() == (interval == 0 ? agreed : before)));
    own.learn(run.collect(own.parameters()));
    CHECK((own.parameter_copy() != agreed));
    CHECK((target() == agreed) == (interval == 0));
  }
}

TEST_CASE("Batches are drawn by seed, shard and update") {
  const DqnCase c = small_case<CartPole<float>>();
  OwnedDqn own(c, {2, 0, 2});
  DqnRun<CartPole<float>> run(c);
  std::uint64_t updates = 0;
  for (int round = 0; round < 3; ++round) {
    own.learner().ingest(run.collect(own.parameters()));
    for (int update = 0; update < own.learner().updates_due(); ++update) {
      own.apply(own.summed_gradient(update));
      for (const int shard : {0, 1}) {
        prl::Rng rng(prl::test::kRunSeed, prl::RandomPurpose::kReplay, static_cast<std::uint32_t>(shard), updates);
        std::vector<int> expected(8);
        prl::sample_uniformly(own.learner().replay(shard).size(), rng, expected);
        const auto slots = own.learner().batch_slots(shard);
        CHECK(std::equal(slots.begin(), slots.end(), expected.begin(), expected.end()));
      }
      ++updates;
    }
    own.learner().finish_round();
  }
  CHECK(updates == 12);
}

TEST_CASE("The importance exponent rises linearly to 1 over the rounds of a run, and stays there") {
  DqnCase c = small_case<CartPole<float>>();
  c.setting.replay = ReplayKind::kPrioritised;
  c.setting.first_priority = prl::FirstPriority::kError;
  c.setting.learning_starts = 6 * 32;
  c.total_rounds = GENERATE(4, 10);
  const double start = static_cast<double>(c.setting.importance_exponent);
  const double share = c.total_rounds == 10 ? 0.5 : 1.0;
  OwnedDqn fixed(c);
  c.setting.anneal_importance = true;
  OwnedDqn annealed(c);
  c.setting.anneal_importance = false;
  c.setting.importance_exponent = static_cast<float>(start + (1.0 - start) * share);
  OwnedDqn expected(c);
  DqnRun<CartPole<float>> run(c);
  std::vector<OwnedDqn*> all = {&fixed, &annealed, &expected};
  for (int round = 0; round < 6; ++round) {
    const SegmentView& segment = run.collect(fixed.parameters());
    for (OwnedDqn* own : all) own->learner().ingest(segment);
    if (round == 5) break;
    for (OwnedDqn* own : all) own->learner().finish_round();
  }
  REQUIRE(annealed.learner().updates_due() > 0);
  const auto gradient_of = [](OwnedDqn& own) {
    const std::span<const float> gradient = own.summed_gradient(0);
    return std::vector<float>(gradient.begin(), gradient.end());
  };
  CHECK(gradient_of(annealed) == gradient_of(expected));
  CHECK(gradient_of(annealed) != gradient_of(fixed));
}

TEST_CASE("A batch of the newest transitions has each once, and with a round as large as it each is used once") {
  DqnCase c = small_case<MountainCar<float>>();
  c.setting.replay = ReplayKind::kNewest;
  c.setting.batch = 32;
  c.setting.replay_capacity = 32;
  c.setting.train_every = 32;
  OwnedDqn own(c);
  DqnRun<MountainCar<float>> run(c);
  // The last step of each environment waits for the next round.
  CHECK(own.learn(run.collect(own.parameters())) == 0);
  for (int round = 0; round < 3; ++round) {
    CHECK(own.learn(run.collect(own.parameters())) == 1);
    const auto slots = own.learner().batch_slots(0);
    CHECK(std::vector<int>(slots.begin(), slots.end()) == newest_slots(own.learner().replay(0), 32));
  }
}

TEMPLATE_TEST_CASE("What a replay holds are steps of the environment, terminated and truncated ones included", "",
                   CartPole<float>, MountainCar<float>) {
  DqnCase c = small_case<TestType>();
  c.steps = 150;
  c.setting.replay_capacity = 10'000;
  const bool keeps_cuts = GENERATE(true, false);
  CAPTURE(keeps_cuts);
  OwnedDqn own(c);
  DqnRun<TestType> run(c, keeps_cuts);
  int truncated = 0;
  constexpr int kRounds = 4;
  int unfinished = 0;
  for (int round = 0; round < kRounds; ++round) {
    const SegmentView& segment = run.collect(own.parameters());
    own.learner().ingest(segment);
    own.learner().finish_round();
    unfinished = 0;
    for (int i = 0; i < c.environments; ++i) {
      const std::uint8_t* ends = segment.trajectory(i).ends;
      truncated += static_cast<int>(std::count(ends, ends + c.steps, prl::kTruncated));
      unfinished += static_cast<int>(ends[c.steps - 1] == 0);
    }
  }
  const int taken = kRounds * c.environments * c.steps;
  const prl::ReplayBuffer& replay = own.learner().replay(0);
  // Only steps whose next observation is not there yet are missing.
  REQUIRE(replay.size() == taken - unfinished - (keeps_cuts ? 0 : truncated));
  CHECK((truncated > 0) == (TestType::kTimeLimit == 200));
  prl::TransitionColumns all(c.network, replay.size());
  replay.gather(newest_slots(replay, replay.size()), all);
  const auto size = static_cast<std::size_t>(c.network.observation_size);
  for (std::size_t row = 0; row < static_cast<std::size_t>(replay.size()); ++row) {
    REQUIRE(is_step_of<TestType>(all.observations.data() + row * size, all.actions[row], all.rewards[row],
                                 all.discounts[row], all.next_observations.data() + row * size, c.setting.gamma));
  }
}

TEST_CASE("A replay smaller than a round keeps the latest steps of all environments") {
  DqnCase c = small_case<CartPole<float>>();
  c.setting.replay_capacity = 16;
  OwnedDqn own(c);
  DqnRun<CartPole<float>> run(c);
  const SegmentView& segment = run.collect(own.parameters());
  own.learner().ingest(segment);
  const prl::ReplayBuffer& replay = own.learner().replay(0);
  prl::TransitionColumns all(c.network, 16);
  replay.gather(newest_slots(replay, 16), all);
  // Steps 3 to 6 of the four environments, the newest first; nothing ends so early.
  for (int row = 0; row < 16; ++row) {
    const float* observation = segment.trajectory(3 - row % 4).observations + (6 - row / 4) * 4;
    CHECK(std::equal(observation, observation + 4, all.observations.data() + row * 4));
  }
}

TEST_CASE("Holders of single shards compute what one holder of all of them does") {
  DqnCase c = small_case<CartPole<float>>();
  c.environments = 5;
  c.setting.batch = 17;
  c.setting.train_every = 5;
  c.setting.replay = GENERATE(ReplayKind::kUniform, ReplayKind::kPrioritised);
  c.setting.first_priority = prl::FirstPriority::kError;
  constexpr int kShards = 3;
  OwnedDqn whole(c, {kShards, 0, kShards});
  std::vector<std::unique_ptr<OwnedDqn>> parts;
  for (int s = 0; s < kShards; ++s) parts.push_back(std::make_unique<OwnedDqn>(c, prl::ShardPlan{kShards, s, 1}));
  DqnRun<CartPole<float>> run(c);
  int updates = 0;
  for (int round = 0; round < 4; ++round) {
    const SegmentView& segment = run.collect(whole.parameters());
    whole.learner().ingest(segment);
    double ready = 0.0;
    for (int s = 0; s < kShards; ++s) {
      const int first = s * c.environments / kShards;
      const int last = (s + 1) * c.environments / kShards;
      parts[static_cast<std::size_t>(s)]->learner().ingest(segment.part(first, last - first));
      ready += parts[static_cast<std::size_t>(s)]->learner().joint_statistics()[0];
    }
    for (const auto& part : parts) part->learner().joint_statistics()[0] = ready;
    const int due = whole.learner().updates_due();
    for (int update = 0; update < due; ++update, ++updates) {
      const std::span<const float> sum = whole.summed_gradient(update);
      for (int s = 0; s < kShards; ++s) {
        OwnedDqn& part = *parts[static_cast<std::size_t>(s)];
        REQUIRE(part.learner().updates_due() == due);
        part.summed_gradient(update);
        const auto expected = whole.learner().gradient(s);
        REQUIRE(std::equal(expected.begin(), expected.end(), part.learner().gradient(0).begin()));
      }
      whole.apply(sum);
      for (const auto& part : parts) part->apply(sum);
    }
    whole.learner().finish_round();
    for (const auto& part : parts) part->learner().finish_round();
  }
  CHECK(updates == 32);
}

// When DQN updates, from what, and what it keeps beside the parameters.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "envs/cartpole.hpp"
#include "envs/mountain_car.hpp"
#include "tests/catch2.hpp"
#include "tests/owned_dqn.hpp"

namespace {

using prl::CartPole;
using prl::DqnLearner;
using prl::MountainCar;
using prl::ReplayKind;
using prl::SegmentView;
using prl::test::DqnCase;
using prl::test::DqnRun;
using prl::test::OwnedDqn;

template <typename E>
DqnCase small_case() {
  DqnCase c;
  c.network = prl::test::network_for<E>({17, 9}, true, prl::Activation::kRelu);
  c.setting.batch = 16;
  c.setting.replay_capacity = 200;
  c.setting.learning_starts = 32;
  c.setting.train_every = 8;
  c.setting.target_interval = 3;
  return c;
}

std::vector<int> newest_slots(const prl::ReplayBuffer& replay, int count) {
  std::vector<int> slots;
  for (int age = 0; age < count; ++age) slots.push_back(replay.slot_of_age(age));
  return slots;
}

// Whether `transition` is a step that the environment takes: these environments show their whole state.
template <typename E>
bool is_step_of(const float* observation, float action, float reward, float discount, const float* next, float gamma) {
  std::array<float, E::kStateSize> members;
  std::copy_n(observation, members.size(), members.begin());
  auto state = std::bit_cast<typename E::State>(members);
  const auto outcome = E::step(state, &action);
  std::array<float, E::kObservationSize> expected{};
  if (!outcome.terminated) E::observe(state, expected.data());
  return static_cast<float>(outcome.reward) == reward && discount == (outcome.terminated ? 0.0F : gamma) &&
         std::equal(expected.begin(), expected.end(), next);
}

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

namespace {

// The replay's transitions as rows of floats, in an order that does not depend on that of their coming.
std::vector<std::vector<float>> sorted_transitions(const prl::NetworkSpec& network, const prl::ReplayBuffer& replay) {
  prl::TransitionColumns all(network, replay.size());
  replay.gather(newest_slots(replay, replay.size()), all);
  const auto size = static_cast<std::size_t>(network.observation_size);
  std::vector<std::vector<float>> rows;
  for (std::size_t r = 0; r < static_cast<std::size_t>(replay.size()); ++r) {
    rows.push_back({all.actions[r], all.rewards[r], all.discounts[r]});
    for (std::size_t k = 0; k < size; ++k) rows.back().push_back(all.observations[r * size + k]);
    for (std::size_t k = 0; k < size; ++k) rows.back().push_back(all.next_observations[r * size + k]);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

// One worker's environments, whose segments come when the test says.
class Worker {
 public:
  Worker(const DqnCase& c, int first, int count)
      : bytes_(layout_of(c).block_bytes() * static_cast<std::size_t>(count)),
        view_(layout_of(c), bytes_.data(), first, count),
        actor_({prl::NetworkLayout(c.network), prl::test::kRunSeed, {}, {.kind = prl::Exploration::kScheduled}}, first,
               count) {}

  const SegmentView& next(const float* parameters) {
    const std::atomic<bool> stop{false};
    actor_.collect(parameters, view_, stop);
    return view_;
  }

 private:
  static prl::SegmentLayout layout_of(const DqnCase& c) {
    prl::SegmentLayout layout = prl::test::segment_layout(c.network, c.steps);
    layout.cut_rows = prl::most_cuts(c.steps, CartPole<float>::kTimeLimit);
    return layout;
  }

  prl::AlignedBuffer<std::byte> bytes_;
  SegmentView view_;
  prl::RolloutActor<CartPole<float>> actor_;
};

// Of two workers with two and three environments.
DqnCase two_workers() {
  DqnCase c = small_case<CartPole<float>>();
  c.environments = 5;
  c.steps = 7;
  c.setting.n_step = 3;
  c.setting.replay_capacity = 10'000;
  return c;
}

}  // namespace

TEST_CASE("Segments of workers in any order give the transitions that whole rounds give") {
  const DqnCase c = two_workers();
  OwnedDqn in_rounds(c);
  OwnedDqn by_arrival(c);
  Worker whole(c, 0, 5);
  constexpr int kSegments = 8;
  for (int round = 0; round < kSegments; ++round) in_rounds.learner().ingest(whole.next(in_rounds.parameters()));
  std::array<Worker, 2> workers = {Worker(c, 0, 2), Worker(c, 2, 3)};
  for (const std::size_t worker : {1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0}) {
    by_arrival.learner().ingest(workers[worker].next(by_arrival.parameters()));
  }
  const auto expected = sorted_transitions(c.network, in_rounds.learner().replay(0));
  CHECK(expected.size() >= kSegments * 5 * 7 - 5 * 3);
  CHECK(sorted_transitions(c.network, by_arrival.learner().replay(0)) == expected);
}

TEST_CASE("Updates of segments in any order follow the steps that all workers took") {
  DqnCase c = two_workers();
  c.setting.train_every = 10;
  c.setting.learning_starts = 40;
  c.setting.batch = 8;
  OwnedDqn own(c);
  std::array<Worker, 2> workers = {Worker(c, 0, 2), Worker(c, 2, 3)};
  long steps = 0;
  for (const std::size_t worker : {0, 0, 0, 1, 1, 0, 1, 0, 1}) {
    const long before = steps;
    steps += worker == 0 ? 14 : 21;
    CAPTURE(before, steps);
    CHECK(own.learn(workers[worker].next(own.parameters())) == (steps < 40 ? 0 : steps / 10 - before / 10));
  }
}

TEST_CASE("No transition reaches over steps that were lost") {
  DqnCase c = two_workers();
  c.setting.n_step = 1;
  OwnedDqn own(c);
  std::array<Worker, 2> workers = {Worker(c, 0, 2), Worker(c, 2, 3)};
  for (int segment = 0; segment < 6; ++segment) {
    own.learner().ingest(workers[0].next(own.parameters()));
    own.learner().ingest(workers[1].next(own.parameters()));
    if (segment % 2 == 0) continue;
    workers[1].next(own.parameters());
    own.learner().lose_steps(2, 3);
  }
  const prl::ReplayBuffer& replay = own.learner().replay(0);
  prl::TransitionColumns all(c.network, replay.size());
  replay.gather(newest_slots(replay, replay.size()), all);
  int wrong = 0;
  for (std::size_t row = 0; row < static_cast<std::size_t>(replay.size()); ++row) {
    wrong += !is_step_of<CartPole<float>>(all.observations.data() + row * 4, all.actions[row], all.rewards[row],
                                          all.discounts[row], all.next_observations.data() + row * 4, c.setting.gamma);
  }
  CHECK(wrong == 0);
  // All steps but those that three losses and the end of five environments left without a next one, at the most.
  CHECK(replay.size() >= 6 * 5 * 7 - 3 * 3 - 5);
}

namespace {

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

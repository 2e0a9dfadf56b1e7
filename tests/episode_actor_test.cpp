// Whole episodes: each environment plays its quota from new starts, and nothing depends on how long others play.
#include "core/episode_actor.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "core/episode_returns.hpp"
#include "envs/cartpole.hpp"
#include "envs/pendulum.hpp"
#include "tests/catch2.hpp"
#include "tests/small_run.hpp"

namespace {

using prl::AlignedBuffer;
using prl::CartPole;
using prl::EpisodeActor;
using prl::kAbsent;
using prl::NetworkLayout;
using prl::Pendulum;
using prl::SegmentView;
using prl::TrajectoryView;

constexpr int kEnvironments = 6;

using Parts = std::vector<std::pair<int, int>>;  // begin and end of the environments of each worker

template <typename E>
NetworkLayout network() {
  return NetworkLayout(prl::test::network_for<E>({33, 17}, false, prl::Activation::kTanh));
}

prl::ActorSetting setting_for(const NetworkLayout& layout, int quota) {
  return {.layout = layout, .seed = prl::test::kRunSeed, .step_cost = {}, .episodes_each = quota};
}

template <typename E>
prl::test::Blocks blocks_for(const NetworkLayout& layout, int quota) {
  return {prl::test::segment_layout(layout.spec, quota * E::kTimeLimit), kEnvironments};
}

// What was taken of all environments' steps in `rounds` rounds.
template <typename E>
std::vector<float> played(const Parts& parts, int quota, int rounds) {
  const NetworkLayout layout = network<E>();
  const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
  const prl::test::Blocks blocks = blocks_for<E>(layout, quota);
  std::vector<std::unique_ptr<EpisodeActor<E>>> actors;
  for (const auto& [begin, end] : parts) {
    actors.push_back(std::make_unique<EpisodeActor<E>>(setting_for(layout, quota), begin, end - begin));
  }
  std::vector<float> all;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t w = parts.size(); w-- > 0;) {
      const auto& [begin, end] = parts[w];
      REQUIRE(actors[w]->collect(parameters.data(), blocks.view().part(begin, end - begin), std::atomic<bool>(false)));
    }
    for (int i = 0; i < kEnvironments; ++i) {
      const TrajectoryView trajectory = blocks.view().trajectory(i);
      const int steps = prl::present_steps(trajectory.ends, blocks.view().layout().steps);
      const auto add = [&](const float* values, int columns) {
        all.insert(all.end(), values, values + steps * columns);
      };
      add(trajectory.observations, layout.spec.observation_size);
      add(trajectory.actions, layout.spec.action_size());
      add(trajectory.log_probs, 1);
      add(trajectory.values, 1);
      add(trajectory.rewards, 1);
      for (int t = 0; t < steps; ++t) all.push_back(trajectory.ends[t]);
    }
  }
  return all;
}

}  // namespace

TEMPLATE_TEST_CASE("Every environment plays its quota, and the steps after it are absent", "", Pendulum<float>,
                   CartPole<float>) {
  const NetworkLayout layout = network<TestType>();
  const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
  for (const int quota : {1, 3}) {
    const prl::test::Blocks blocks = blocks_for<TestType>(layout, quota);
    const int steps = blocks.view().layout().steps;
    EpisodeActor<TestType> actor(setting_for(layout, quota), 0, kEnvironments);
    for (int round = 0; round < 2; ++round) {
      std::fill_n(blocks.view().bytes(), blocks.view().size_bytes(), std::byte{0x5A});
      REQUIRE(actor.collect(parameters.data(), blocks.view(), std::atomic<bool>(false)));
      long present = 0;
      for (int i = 0; i < kEnvironments; ++i) {
        const std::uint8_t* ends = blocks.view().trajectory(i).ends;
        const int taken = prl::present_steps(ends, steps);
        CAPTURE(quota, round, i, taken);
        CHECK(std::count_if(ends, ends + taken, [](std::uint8_t e) { return e != 0; }) == quota);
        CHECK(ends[taken - 1] != 0);
        CHECK(std::all_of(ends + taken, ends + steps, [](std::uint8_t e) { return e == kAbsent; }));
        present += taken;
      }
      CHECK(prl::steps_taken(blocks.view()) == present);
      CHECK(prl::EpisodeReturns(kEnvironments).finish(blocks.view()).size() ==
            static_cast<std::size_t>(quota * kEnvironments));
    }
  }
}

TEMPLATE_TEST_CASE("Trajectories have the same bits however environments are divided", "", Pendulum<float>,
                   CartPole<float>) {
  const std::vector<float> whole = played<TestType>({{0, 6}}, 2, 3);
  CHECK(played<TestType>({{0, 1}, {1, 4}, {4, 6}}, 2, 3) == whole);
  CHECK(played<TestType>({{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}}, 2, 3) == whole);
}

TEMPLATE_TEST_CASE("Rounds differ, though the policy is the same", "", Pendulum<float>, CartPole<float>) {
  const std::vector<float> one = played<TestType>({{0, 6}}, 1, 1);
  const std::vector<float> two = played<TestType>({{0, 6}}, 1, 2);
  CHECK(std::equal(one.begin(), one.end(), two.begin()));
  CHECK_FALSE(std::equal(one.begin(), one.begin() + 100, two.begin() + static_cast<std::ptrdiff_t>(one.size())));
}

TEMPLATE_TEST_CASE("The first round's episodes are those that rollouts begin with", "", Pendulum<float>,
                   CartPole<float>) {
  constexpr int kQuota = 2;
  const NetworkLayout layout = network<TestType>();
  const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
  const prl::test::Blocks episodes = blocks_for<TestType>(layout, kQuota);
  const prl::test::Blocks rollouts = blocks_for<TestType>(layout, kQuota);
  EpisodeActor<TestType> player(setting_for(layout, kQuota), 0, kEnvironments);
  prl::RolloutActor<TestType> actor(setting_for(layout, 0), 0, kEnvironments);
  REQUIRE(player.collect(parameters.data(), episodes.view(), std::atomic<bool>(false)));
  REQUIRE(actor.collect(parameters.data(), rollouts.view(), std::atomic<bool>(false)));
  for (int i = 0; i < kEnvironments; ++i) {
    const TrajectoryView own = episodes.view().trajectory(i);
    const TrajectoryView other = rollouts.view().trajectory(i);
    const int steps = prl::present_steps(own.ends, episodes.view().layout().steps);
    CAPTURE(i, steps);
    CHECK(std::equal(own.observations, own.observations + steps * layout.spec.observation_size, other.observations));
    CHECK(std::equal(own.actions, own.actions + steps * layout.spec.action_size(), other.actions));
    CHECK(std::equal(own.log_probs, own.log_probs + steps, other.log_probs));
    CHECK(std::equal(own.values, own.values + steps, other.values));
    CHECK(std::equal(own.rewards, own.rewards + steps, other.rewards));
    CHECK(std::equal(own.ends, own.ends + steps, other.ends));
  }
}

TEST_CASE("A set stop flag ends the playing of episodes") {
  const NetworkLayout layout = network<CartPole<float>>();
  const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
  const prl::test::Blocks blocks = blocks_for<CartPole<float>>(layout, 1);
  EpisodeActor<CartPole<float>> actor(setting_for(layout, 1), 0, kEnvironments);
  CHECK_FALSE(actor.collect(parameters.data(), blocks.view(), std::atomic<bool>(true)));
}

TEST_CASE("All steps are present where none is marked absent") {
  const std::vector<std::uint8_t> ends = {0, prl::kTerminated, prl::kTruncated, prl::kTerminated | prl::kTruncated, 0};
  CHECK(prl::present_steps(ends.data(), 5) == 5);
  const std::vector<std::uint8_t> some = {0, prl::kTerminated, kAbsent, kAbsent};
  CHECK(prl::present_steps(some.data(), 4) == 2);
}

TEST_CASE("Actions are drawn by the run's step, so that rounds do not repeat each other's") {
  const NetworkLayout layout = network<Pendulum<float>>();
  const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
  const AlignedBuffer<float> observations = prl::test::random_normals(3 * kEnvironments, 5);
  const prl::test::Blocks blocks(prl::test::segment_layout(layout.spec, 10), kEnvironments);
  prl::EpisodeRecorder recorder(layout, prl::test::kRunSeed, 0, kEnvironments, 1);
  const auto actions_at = [&](std::uint64_t first_step, int t) {
    recorder.begin(first_step);
    const float* actions = recorder.act(parameters.data(), observations.data(), t, blocks.view());
    return std::vector<float>(actions, actions + kEnvironments);
  };
  CHECK(actions_at(0, 7) == actions_at(7, 0));
  CHECK(actions_at(0, 0) != actions_at(10, 0));
}

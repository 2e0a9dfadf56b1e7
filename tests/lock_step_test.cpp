// Lock-step collecting gives the same bytes however environments are divided, and wherever the policy runs.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "core/episode_end.hpp"
#include "core/rollout_actor.hpp"
#include "core/rollout_recorder.hpp"
#include "envs/cartpole.hpp"
#include "envs/pendulum.hpp"
#include "tests/catch2.hpp"
#include "tests/small_run.hpp"

namespace {

using prl::AlignedBuffer;
using prl::CartPole;
using prl::NetworkLayout;
using prl::Pendulum;
using prl::SegmentView;

constexpr int kEnvironments = 16;
constexpr int kSteps = 64;
constexpr int kRounds = 5;  // 320 steps: beyond Pendulum's time limit of 200

using Parts = std::vector<std::pair<int, int>>;  // begin and end of the environments of each worker
using Rounds = std::vector<std::vector<std::byte>>;

template <typename E>
NetworkLayout network() {
  return NetworkLayout(prl::test::network_for<E>({33, 17}, false, prl::Activation::kTanh));
}

prl::ActorSetting setting_for(const NetworkLayout& layout) {
  return {.layout = layout, .seed = prl::test::kRunSeed, .step_cost = {}};
}

// Other parameters every round, as learning makes them.
AlignedBuffer<float> parameters_of(const NetworkLayout& layout, int round) {
  AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
  for (float& p : parameters.span()) p *= 1.0F - 0.1F * static_cast<float>(round);
  return parameters;
}

// `collect(parameters, segment)` fills a segment of all environments.
template <typename Collect>
Rounds all_rounds(const NetworkLayout& layout, Collect collect) {
  prl::test::Blocks blocks(prl::test::segment_layout(layout.spec, kSteps), kEnvironments);
  Rounds rounds;
  for (int round = 0; round < kRounds; ++round) {
    collect(parameters_of(layout, round).data(), blocks.view());
    rounds.push_back(blocks.copy());
  }
  return rounds;
}

template <typename E>
Rounds with_workers(const Parts& parts) {
  const NetworkLayout layout = network<E>();
  std::vector<std::unique_ptr<prl::RolloutActor<E>>> actors;
  for (const auto& [begin, end] : parts) {
    actors.push_back(std::make_unique<prl::RolloutActor<E>>(setting_for(layout), begin, end - begin));
  }
  return all_rounds(layout, [&](const float* parameters, const SegmentView& segment) {
    const std::atomic<bool> stop{false};
    // Last worker first: nothing may depend on the order in which they run.
    for (std::size_t w = parts.size(); w-- > 0;) {
      const auto& [begin, end] = parts[w];
      REQUIRE(actors[w]->collect(parameters, segment.part(begin, end - begin), stop));
    }
  });
}

// One recorder chooses all actions; workers only step their environments.
template <typename E>
Rounds with_central_inference(const Parts& parts) {
  const NetworkLayout layout = network<E>();
  constexpr std::size_t kSize = E::kObservationSize;
  prl::RolloutRecorder recorder(layout, prl::test::kRunSeed, 0, kEnvironments);
  std::vector<std::unique_ptr<prl::RemoteEnvironments<E>>> batches;
  AlignedBuffer<float> observations(kEnvironments * kSize), final_observations(kEnvironments * kSize);
  AlignedBuffer<float> rewards(kEnvironments);
  AlignedBuffer<std::uint8_t> ends(kEnvironments);
  for (const auto& [begin, end] : parts) {
    batches.push_back(std::make_unique<prl::RemoteEnvironments<E>>(setting_for(layout), begin, end - begin));
    batches.back()->observe(observations.data() + static_cast<std::size_t>(begin) * kSize);
  }
  return all_rounds(layout, [&](const float* parameters, const SegmentView& segment) {
    const std::atomic<bool> stop{false};
    for (int t = 0; t < kSteps; ++t) {
      const float* actions = recorder.act(parameters, observations.data(), t, segment);
      for (std::size_t w = 0; w < parts.size(); ++w) {
        const auto begin = static_cast<std::size_t>(parts[w].first);
        const auto count = static_cast<std::size_t>(parts[w].second) - begin;
        prl::RemoteEnvironments<E>& batch = *batches[w];
        REQUIRE(batch.step(actions + begin * E::kActionSize, stop));
        std::copy_n(batch.rewards(), count, rewards.data() + begin);
        std::copy_n(batch.ends(), count, ends.data() + begin);
        std::copy_n(batch.final_observations(), count * kSize, final_observations.data() + begin * kSize);
        batch.observe(observations.data() + begin * kSize);
      }
      recorder.record(parameters, rewards.data(), ends.data(), final_observations.data(), observations.data(), t,
                      segment);
    }
  });
}

const Parts kWhole = {{0, 16}};
const Parts kUneven = {{0, 5}, {5, 6}, {6, 16}};

Parts one_each() {
  Parts parts;
  for (int i = 0; i < kEnvironments; ++i) parts.emplace_back(i, i + 1);
  return parts;
}

}  // namespace

TEMPLATE_TEST_CASE("Blocks have the same bytes for one worker, three uneven ones and sixteen", "", Pendulum<float>,
                   CartPole<float>) {
  const Rounds whole = with_workers<TestType>(kWhole);
  CHECK(with_workers<TestType>(kUneven) == whole);
  CHECK(with_workers<TestType>(one_each()) == whole);
  CHECK(whole[0] != whole[1]);
}

TEMPLATE_TEST_CASE("Blocks have the same bytes when the policy runs at the learner", "", Pendulum<float>,
                   CartPole<float>) {
  const Rounds whole = with_workers<TestType>(kWhole);
  CHECK(with_central_inference<TestType>(kWhole) == whole);
  CHECK(with_central_inference<TestType>(kUneven) == whole);
}

TEMPLATE_TEST_CASE("Episodes end within the rounds that are compared", "", Pendulum<float>, CartPole<float>) {
  prl::test::SerialRun<TestType> run(network<TestType>().spec, kEnvironments, kSteps);
  int ends = 0;
  for (int round = 0; round < kRounds; ++round) {
    const SegmentView& segment = run.collect(parameters_of(network<TestType>(), round).data());
    for (int i = 0; i < kEnvironments; ++i) {
      const prl::TrajectoryView trajectory = segment.trajectory(i);
      ends += static_cast<int>(std::count_if(trajectory.ends, trajectory.ends + kSteps, [](int e) { return e != 0; }));
    }
  }
  CHECK(ends >= kEnvironments);
}

TEST_CASE("A set stop flag ends collecting") {
  const NetworkLayout layout = network<Pendulum<float>>();
  prl::RolloutActor<Pendulum<float>> actor(setting_for(layout), 0, 2);
  prl::RemoteEnvironments<Pendulum<float>> batch(setting_for(layout), 0, 2);
  const prl::test::Blocks blocks(prl::test::segment_layout(layout.spec, 3), 2);
  const std::vector<float> actions(2, 0.0F);
  const std::atomic<bool> stop{true};
  CHECK_FALSE(actor.collect(parameters_of(layout, 0).data(), blocks.view(), stop));
  CHECK_FALSE(batch.step(actions.data(), stop));
}

// What a recorded step holds: the policy's own figures, and bootstrap values exactly where the recursion is cut.
#include "core/rollout_recorder.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/action_distribution.hpp"
#include "core/episode_end.hpp"
#include "tests/catch2.hpp"
#include "tests/small_run.hpp"

namespace {

using prl::AlignedBuffer;
using prl::kTerminated;
using prl::kTruncated;
using prl::NetworkLayout;
using prl::NetworkSpec;

constexpr int kEnvironments = 4;
constexpr std::uint64_t kSeed = 8;

// Made-up environments: every step shows other observations and ends episodes as `ends` says.
struct Step {
  AlignedBuffer<float> observations;
  AlignedBuffer<float> final_observations;
  AlignedBuffer<float> rewards;
  std::vector<std::uint8_t> ends;
};

Step made_up_step(const NetworkSpec& spec, std::uint32_t number, std::vector<std::uint8_t> ends) {
  const std::size_t floats = kEnvironments * static_cast<std::size_t>(spec.observation_size);
  return {prl::test::random_normals(floats, 100 + number), prl::test::random_normals(floats, 200 + number),
          prl::test::random_normals(kEnvironments, 300 + number), std::move(ends)};
}

float value_of(const NetworkLayout& layout, const float* parameters, const float* observation) {
  prl::PolicyKernel kernel(layout, 1);
  float value = 0.0F;
  kernel.forward_value(parameters, observation, 1, &value);
  return value;
}

std::vector<NetworkSpec> specs() {
  return {prl::test::network_spec(3, 2, prl::ActionKind::kContinuous, {17}, true, prl::Activation::kTanh),
          prl::test::network_spec(4, 3, prl::ActionKind::kDiscrete, {9, 17}, false, prl::Activation::kRelu)};
}

}  // namespace

TEST_CASE(
    "Bootstrap values and observations are kept where an episode is truncated or the segment ends, and nowhere else") {
  constexpr std::uint8_t kBoth = kTerminated | kTruncated;
  const std::vector<std::vector<std::uint8_t>> ends = {
      {0, kTerminated, kTruncated, kBoth}, {0, 0, 0, 0}, {0, kTerminated, kTruncated, kBoth}};
  const int steps = static_cast<int>(ends.size());
  for (const NetworkSpec& spec : specs()) {
    const NetworkLayout layout(spec);
    const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
    prl::SegmentLayout segment_layout = prl::test::segment_layout(spec, steps);
    segment_layout.cut_rows = steps;
    const prl::test::Blocks blocks(segment_layout, kEnvironments);
    prl::RolloutRecorder recorder(layout, kSeed, 0, kEnvironments);
    for (int segment = 0; segment < 2; ++segment) {
      std::vector<int> cuts(kEnvironments, 0);
      // What an earlier segment left in the blocks must be overwritten.
      std::fill_n(blocks.view().bytes(), blocks.view().size_bytes(), std::byte{0x5A});
      Step step = made_up_step(spec, 0, {});
      for (int t = 0; t < steps; ++t) {
        recorder.act(parameters.data(), step.observations.data(), t, blocks.view());
        step = made_up_step(spec, static_cast<std::uint32_t>(1 + t), ends[static_cast<std::size_t>(t)]);
        recorder.record(parameters.data(), step.rewards.data(), step.ends.data(), step.final_observations.data(),
                        step.observations.data(), t, blocks.view());
        for (int i = 0; i < kEnvironments; ++i) {
          CAPTURE(segment, t, i);
          const prl::TrajectoryView trajectory = blocks.view().trajectory(i);
          const auto n = static_cast<std::size_t>(i);
          CHECK(trajectory.rewards[t] == step.rewards[n]);
          CHECK(trajectory.ends[t] == step.ends[n]);
          const float* next = nullptr;
          if (step.ends[n] == kTruncated) next = step.final_observations.data();
          if (step.ends[n] == 0 && t == steps - 1) next = step.observations.data();
          const float expected =
              next == nullptr ? 0.0F : value_of(layout, parameters.data(), next + i * spec.observation_size);
          CHECK(trajectory.bootstrap[t] == expected);
          CHECK(prl::is_cut(trajectory.ends, steps, t) == (next != nullptr));
          if (next == nullptr) continue;
          const float* kept = trajectory.cut_observations + cuts[n]++ * spec.observation_size;
          CHECK(std::equal(kept, kept + spec.observation_size, next + i * spec.observation_size));
        }
      }
    }
  }
}

TEST_CASE("Observations, values and log-probabilities are those of the action that was taken") {
  for (const NetworkSpec& spec : specs()) {
    const NetworkLayout layout(spec);
    const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
    const float* log_std = parameters.data() + layout.log_std_offset;
    const prl::test::Blocks blocks(prl::test::segment_layout(spec, 5), kEnvironments);
    prl::RolloutRecorder recorder(layout, kSeed, 3, kEnvironments);
    prl::PolicyKernel kernel(layout, 1);
    for (int t = 0; t < 5; ++t) {
      const Step step = made_up_step(spec, static_cast<std::uint32_t>(t), {0, 0, 0, 0});
      const float* actions = recorder.act(parameters.data(), step.observations.data(), t, blocks.view());
      for (int i = 0; i < kEnvironments; ++i) {
        const prl::TrajectoryView trajectory = blocks.view().trajectory(i);
        const float* observation = step.observations.data() + i * spec.observation_size;
        std::vector<float> head(static_cast<std::size_t>(spec.head_size));
        float value = 0.0F;
        kernel.forward(parameters.data(), observation, 1, head.data(), &value);
        std::vector<float> action(static_cast<std::size_t>(spec.action_size()));
        prl::Rng rng(kSeed, prl::RandomPurpose::kAction, static_cast<std::uint32_t>(3 + i),
                     static_cast<std::uint64_t>(t));
        const float log_prob = prl::choose_action(spec, head.data(), log_std, &rng, action.data());
        CHECK(trajectory.values[t] == value);
        CHECK(trajectory.log_probs[t] == log_prob);
        for (int k = 0; k < spec.action_size(); ++k) {
          CHECK(trajectory.actions[t * spec.action_size() + k] == action[static_cast<std::size_t>(k)]);
          CHECK(actions[i * spec.action_size() + k] == action[static_cast<std::size_t>(k)]);
        }
        for (int k = 0; k < spec.observation_size; ++k) {
          CHECK(trajectory.observations[t * spec.observation_size + k] == observation[k]);
        }
      }
    }
  }
}

TEST_CASE(
    "Where action values are kept, values are the greatest ones and those of the chosen actions stand beside them") {
  NetworkSpec spec = specs().back();
  const NetworkLayout layout(spec);
  const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
  const bool dueling = GENERATE(true, false);
  CAPTURE(dueling);
  prl::SegmentLayout segment_layout = prl::test::segment_layout(spec, 3);
  segment_layout.action_values = true;
  const prl::test::Blocks blocks(segment_layout, kEnvironments);
  prl::RolloutRecorder recorder(
      layout, kSeed, 0, kEnvironments,
      {.kind = prl::Exploration::kScheduled, .epsilon_start = 0.5F, .epsilon_end = 0.5F, .dueling = dueling});
  // Q of every action, by the definition.
  const auto values_of = [&](const float* observation) {
    prl::PolicyKernel kernel(layout, 1);
    std::vector<float> head(static_cast<std::size_t>(spec.head_size));
    float value = 0.0F;
    kernel.forward(parameters.data(), observation, 1, head.data(), &value);
    float mean = 0.0F;
    for (const float h : head) mean += h / static_cast<float>(spec.head_size);
    for (float& h : head) h = dueling ? value + h - mean : h;
    return head;
  };
  const auto near = [](float a, float b) { return std::abs(a - b) < 1e-5F; };
  Step step = made_up_step(spec, 0, {});
  int not_greedy = 0;
  for (int t = 0; t < 3; ++t) {
    const Step before =
        std::exchange(step, made_up_step(spec, static_cast<std::uint32_t>(t + 1), {0, kTerminated, kTruncated, 0}));
    recorder.act(parameters.data(), before.observations.data(), t, blocks.view());
    recorder.record(parameters.data(), step.rewards.data(), step.ends.data(), step.final_observations.data(),
                    step.observations.data(), t, blocks.view());
    for (int i = 0; i < kEnvironments; ++i) {
      CAPTURE(t, i);
      const prl::TrajectoryView trajectory = blocks.view().trajectory(i);
      const std::vector<float> q = values_of(before.observations.data() + i * spec.observation_size);
      CHECK(near(trajectory.chosen_values[t], q[static_cast<std::size_t>(trajectory.actions[t])]));
      CHECK(near(trajectory.values[t], *std::max_element(q.begin(), q.end())));
      not_greedy += trajectory.chosen_values[t] < trajectory.values[t];
      const float* next = nullptr;
      if (step.ends[static_cast<std::size_t>(i)] == kTruncated) next = step.final_observations.data();
      if (step.ends[static_cast<std::size_t>(i)] == 0 && t == 2) next = step.observations.data();
      if (next == nullptr) {
        CHECK(trajectory.bootstrap[t] == 0.0F);
        continue;
      }
      const std::vector<float> after = values_of(next + i * spec.observation_size);
      CHECK(near(trajectory.bootstrap[t], *std::max_element(after.begin(), after.end())));
    }
  }
  CHECK(not_greedy > 0);
}

TEST_CASE("Actions of the next segment are drawn anew") {
  const NetworkSpec spec = specs().front();
  const NetworkLayout layout(spec);
  const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
  const Step step = made_up_step(spec, 0, {0, 0, 0, 0});
  const prl::test::Blocks blocks(prl::test::segment_layout(spec, 1), kEnvironments);
  prl::RolloutRecorder recorder(layout, kSeed, 0, kEnvironments);
  recorder.act(parameters.data(), step.observations.data(), 0, blocks.view());
  const float first = blocks.view().trajectory(0).actions[0];
  recorder.act(parameters.data(), step.observations.data(), 0, blocks.view());
  CHECK(blocks.view().trajectory(0).actions[0] != first);
}

// Exploration by epsilon: the schedules by their formulas, the frequencies and probabilities of actions, and that the
// numbers do not depend on how environments are divided.
#include "core/exploration.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/rollout_recorder.hpp"
#include "envs/cartpole.hpp"
#include "tests/catch2.hpp"
#include "tests/small_run.hpp"

namespace {

using prl::Exploration;
using prl::ExplorationSetting;
using prl::Rng;

ExplorationSetting scheduled(float start, float end, int decay_steps, int environments) {
  return {Exploration::kScheduled, start, end, decay_steps, 0.0F, environments};
}

}  // namespace

TEST_CASE("A scheduled epsilon falls on a line by the steps of all environments, and stays at its end") {
  const ExplorationSetting setting = scheduled(1.0F, 0.2F, 100, 4);
  CHECK(prl::epsilon_of(setting, 0, 0) == 1.0F);
  CHECK(std::abs(prl::epsilon_of(setting, 0, 5) - 0.84F) < 1e-6F);
  CHECK(std::abs(prl::epsilon_of(setting, 3, 5) - 0.84F) < 1e-6F);
  for (const std::uint64_t step : {25UL, 26UL, 1'000'000'000'000UL}) CHECK(prl::epsilon_of(setting, 1, step) == 0.2F);
  CHECK(prl::epsilon_of(scheduled(1.0F, 0.1F, 0, 4), 0, 0) == 0.1F);
}

TEST_CASE("Each environment's own epsilon is Ape-X's, at every step") {
  ExplorationSetting setting{.kind = Exploration::kPerEnvironment, .epsilon_start = 0.4F, .exponent = 7.0F};
  setting.environments = 8;
  for (int i = 0; i < 8; ++i) {
    CHECK(std::abs(static_cast<double>(prl::epsilon_of(setting, i, 0)) - std::pow(0.4, 1.0 + i)) < 1e-7);
    CHECK(prl::epsilon_of(setting, i, 1'000'000) == prl::epsilon_of(setting, i, 0));
  }
  setting.environments = 1;
  CHECK(prl::epsilon_of(setting, 0, 7) == 0.4F);
}

TEST_CASE("Actions are greedy, or with probability epsilon any, and their log-probabilities say how often") {
  const std::array values = {0.5F, -1.0F, 2.0F, 2.0F};
  for (const float epsilon : {0.0F, 0.3F, 1.0F}) {
    CAPTURE(epsilon);
    std::array<double, 4> counts{};
    std::array<double, 4> probabilities{};
    constexpr int kDraws = 40000;
    for (std::uint64_t step = 0; step < kDraws; ++step) {
      Rng rng(1, prl::RandomPurpose::kAction, 0, step);
      float log_prob = 0.0F;
      const auto action = static_cast<std::size_t>(prl::epsilon_greedy(values.data(), 4, epsilon, rng, log_prob));
      counts[action] += 1.0 / kDraws;
      probabilities[action] = std::exp(static_cast<double>(log_prob));
    }
    for (std::size_t action = 0; action < 4; ++action) {
      // The first of equal values is the greedy one.
      const double expected =
          static_cast<double>(epsilon) / 4.0 + (action == 2 ? 1.0 - static_cast<double>(epsilon) : 0.0);
      CHECK(std::abs(counts[action] - expected) < 4.0 * std::sqrt(expected * (1.0 - expected) / kDraws) + 1e-9);
      CHECK(std::abs(probabilities[action] - expected) < 1e-6);
    }
  }
}

TEST_CASE("A recorder explores by the schedule, with the same actions however environments are divided") {
  const prl::NetworkSpec spec =
      prl::test::network_spec(4, 3, prl::ActionKind::kDiscrete, {17}, true, prl::Activation::kRelu);
  const prl::NetworkLayout layout(spec);
  const auto parameters = prl::test::random_parameters(layout);
  constexpr int kCount = 6;
  constexpr int kSteps = 40;
  for (const Exploration kind : {Exploration::kScheduled, Exploration::kPerEnvironment}) {
    const ExplorationSetting setting{kind, 0.9F, 0.1F, 60, 3.0F, kCount};
    prl::PolicyKernel kernel(layout, 1);
    for (const int width : {kCount, 3, 1}) {
      const prl::test::Blocks blocks(prl::test::segment_layout(spec, kSteps), kCount);
      for (int first = 0; first < kCount; first += width) {
        prl::RolloutRecorder recorder(layout, 5, first, width, setting);
        for (int t = 0; t < kSteps; ++t) {
          const auto observations = prl::test::random_normals(kCount * 4, static_cast<std::uint32_t>(t));
          recorder.act(parameters.data(), observations.data() + first * 4, t, blocks.view().part(first, width));
        }
      }
      for (int e = 0; e < kCount; ++e) {
        const prl::TrajectoryView trajectory = blocks.view().trajectory(e);
        for (int t = 0; t < kSteps; ++t) {
          const auto observations = prl::test::random_normals(kCount * 4, static_cast<std::uint32_t>(t));
          std::array<float, 3> head{};
          float value = 0.0F;
          kernel.forward(parameters.data(), observations.data() + e * 4, 1, head.data(), &value);
          const auto step = static_cast<std::uint64_t>(t);
          Rng rng(5, prl::RandomPurpose::kAction, static_cast<std::uint32_t>(e), step);
          float log_prob = 0.0F;
          const int action = prl::epsilon_greedy(head.data(), 3, prl::epsilon_of(setting, e, step), rng, log_prob);
          REQUIRE(trajectory.actions[t] == static_cast<float>(action));
          REQUIRE(trajectory.log_probs[t] == log_prob);
        }
      }
    }
  }
}

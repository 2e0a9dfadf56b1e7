// The ring of transitions, and how they are made from steps.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "algorithms/replay/n_step_assembler.hpp"
#include "algorithms/replay/replay_buffer.hpp"
#include "core/random.hpp"
#include "tests/catch2.hpp"
#include "tests/network_cases.hpp"

namespace {

using prl::EnvironmentStep;
using prl::kTerminated;
using prl::kTruncated;
using prl::NetworkSpec;
using prl::NStepAssembler;
using prl::ReplayBuffer;
using prl::Transition;
using prl::TransitionColumns;

NetworkSpec spec_of(int observation_size) {
  return prl::test::network_spec(observation_size, 3, prl::ActionKind::kDiscrete, {8}, true, prl::Activation::kRelu);
}

// A copy that outlives the call; observations are one float here. No next observation is -1.
struct Seen {
  float observation, action, reward, discount, next;
  bool operator==(const Seen&) const = default;
};

// Observation t, action 10 + t, reward 2^t in step t of a run of `ends`; final observations are 100 + t where `known`.
std::vector<Seen> assemble(int n, float gamma, const std::vector<std::uint8_t>& ends, bool known) {
  NStepAssembler assembler(spec_of(1), n, gamma);
  std::vector<Seen> seen;
  for (std::size_t t = 0; t < ends.size(); ++t) {
    const auto observation = static_cast<float>(t);
    const float action = 10.0F + observation;
    const float final_observation = 100.0F + observation;
    assembler.take({&observation, &action, std::exp2(observation), ends[t], known ? &final_observation : nullptr},
                   [&](const Transition& made) {
                     const float next = made.next_observation != nullptr ? *made.next_observation : -1.0F;
                     seen.push_back({*made.observation, *made.action, made.reward, made.discount, next});
                   });
  }
  return seen;
}

}  // namespace

TEST_CASE("One step: each leads to the next observation, which the last one still waits for") {
  CHECK(assemble(1, 0.5F, {0, 0, 0}, false) == std::vector<Seen>{{0, 10, 1, 0.5F, 1}, {1, 11, 2, 0.5F, 2}});
  CHECK(assemble(1, 0.5F, {0}, false).empty());
}

TEST_CASE("Three steps by hand, through a termination") {
  // The last reward counts half in the step before and a quarter two before.
  const std::vector<Seen> expected = {
      {0, 10, 3, 0.125F, 3}, {1, 11, 6, 0, -1}, {2, 12, 8, 0, -1}, {3, 13, 8, 0, -1}, {4, 14, 48, 0.125F, 7}};
  CHECK(assemble(3, 0.5F, {0, 0, 0, kTerminated, 0, 0, 0, 0}, true) == expected);
  // Terminated and truncated in one step is terminated.
  CHECK(assemble(3, 0.5F, {0, 0, 0, kTerminated | kTruncated, 0, 0, 0, 0}, true) == expected);
}

TEST_CASE("After a truncation transitions lead to the final observation, or to the last known one") {
  CHECK(
      assemble(3, 0.5F, {0, 0, 0, kTruncated, 0}, true) ==
      std::vector<Seen>{{0, 10, 3, 0.125F, 3}, {1, 11, 6, 0.125F, 103}, {2, 12, 8, 0.25F, 103}, {3, 13, 8, 0.5F, 103}});
  CHECK(assemble(3, 0.5F, {0, 0, 0, kTruncated, 0}, false) ==
        std::vector<Seen>{{0, 10, 3, 0.125F, 3}, {1, 11, 4, 0.25F, 3}, {2, 12, 4, 0.5F, 3}});
}

TEST_CASE(
    "Action values are those of the first step's action and of what the transition leads to, none after termination") {
  NStepAssembler assembler(spec_of(1), 2, 0.5F);
  const std::vector<std::uint8_t> ends = {0, 0, kTerminated, 0, 0, kTruncated, 0, kTruncated};
  std::vector<std::pair<float, float>> seen;
  for (std::size_t t = 0; t < ends.size(); ++t) {
    const auto at = static_cast<float>(t);
    const bool known = t == 5;
    assembler.take({&at, &at, 1.0F, ends[t], known ? &at : nullptr, 10.0F + at, 20.0F + at, 30.0F + at},
                   [&](const Transition& made) { seen.emplace_back(made.value, made.next_value); });
  }
  CHECK(seen ==
        std::vector<std::pair<float, float>>{{10, 22}, {11, 0}, {12, 0}, {13, 25}, {14, 35}, {15, 35}, {16, 27}});
}

TEST_CASE("Episodes of a single step") {
  CHECK(assemble(1, 0.9F, {kTerminated, kTerminated}, false) ==
        std::vector<Seen>{{0, 10, 1, 0, -1}, {1, 11, 2, 0, -1}});
  CHECK(assemble(4, 0.9F, {kTerminated, kTruncated, kTerminated}, false) ==
        std::vector<Seen>{{0, 10, 1, 0, -1}, {2, 12, 4, 0, -1}});
  CHECK(assemble(4, 0.5F, {kTruncated}, true) == std::vector<Seen>{{0, 10, 1, 0.5F, 100}});
}

TEST_CASE("Steps that are let go are part of no transition") {
  NStepAssembler assembler(spec_of(1), 3, 0.5F);
  std::vector<Seen> seen;
  for (int t = 0; t < 9; ++t) {
    if (t == 2 || t == 6) assembler.clear();
    const auto observation = static_cast<float>(t);
    const float action = 0.0F;
    const std::uint8_t ends = t == 8 ? kTerminated : 0;
    assembler.take({&observation, &action, 1.0F, ends, nullptr}, [&](const Transition& made) {
      const float next = made.next_observation != nullptr ? *made.next_observation : -1.0F;
      seen.push_back({*made.observation, *made.action, made.reward, made.discount, next});
    });
  }
  CHECK(seen ==
        std::vector<Seen>{{2, 0, 1.75F, 0.125F, 5}, {6, 0, 1.75F, 0, -1}, {7, 0, 1.5F, 0, -1}, {8, 0, 1, 0, -1}});
}

TEST_CASE("Random runs equal the definition, sum by sum") {
  prl::Rng rng(1, prl::RandomPurpose::kReplay, 0, 0);
  for (const int n : {1, 2, 3, 5, 16}) {
    for (const bool known : {false, true}) {
      CAPTURE(n, known);
      constexpr float kGamma = 0.9F;
      constexpr std::size_t kSteps = 20;
      std::vector<std::uint8_t> ends(kSteps);
      for (std::uint8_t& end : ends) end = static_cast<std::uint8_t>(rng.below(6) == 0 ? 1 + rng.below(3) : 0);
      std::vector<Seen> expected;
      for (std::size_t t = 0; t < kSteps; ++t) {
        double reward = 0.0;
        double discount = 1.0;
        std::size_t k = 0;
        bool complete = false;
        float next = -1.0F;
        for (; k < static_cast<std::size_t>(n) && t + k < kSteps && !complete; ++k) {
          const std::uint8_t end = ends[t + k];
          if (end == kTruncated && !known) {
            next = static_cast<float>(t + k);
            complete = true;
            break;
          }
          reward += discount * std::exp2(static_cast<double>(t + k));
          discount *= static_cast<double>(kGamma);
          if (end == 0) continue;
          complete = true;
          if ((end & kTerminated) != 0) discount = 0.0;
          if (end == kTruncated) next = 100.0F + static_cast<float>(t + k);
        }
        if (!complete && (k < static_cast<std::size_t>(n) || t + k >= kSteps)) continue;
        if (!complete) next = static_cast<float>(t + k);
        if (complete && k == 0) continue;
        expected.push_back({static_cast<float>(t), 10.0F + static_cast<float>(t), static_cast<float>(reward),
                            static_cast<float>(discount), next});
      }
      const std::vector<Seen> seen = assemble(n, kGamma, ends, known);
      REQUIRE(seen.size() == expected.size());
      for (std::size_t i = 0; i < seen.size(); ++i) {
        CHECK(seen[i].observation == expected[i].observation);
        CHECK(seen[i].action == expected[i].action);
        CHECK(seen[i].next == expected[i].next);
        CHECK(std::abs(seen[i].reward - expected[i].reward) <= 1e-6F * expected[i].reward);
        CHECK(std::abs(seen[i].discount - expected[i].discount) <= 1e-6F);
      }
    }
  }
}

TEST_CASE("A full ring forgets its oldest transitions, and gathers what was stored") {
  constexpr int kCapacity = 5;
  const NetworkSpec spec = spec_of(2);
  ReplayBuffer replay(spec, kCapacity);
  for (int k = 0; k < 13; ++k) {
    const auto at = static_cast<float>(k);
    const float observation[] = {at, -at};
    const float next[] = {at + 0.5F, at + 0.25F};
    const float action = at + 100.0F;
    const bool terminated = k % 3 == 0;
    CHECK(replay.add({observation, &action, 2.0F * at, terminated ? 0.0F : 0.9F, terminated ? nullptr : next}) ==
          k % kCapacity);
    REQUIRE(replay.size() == std::min(k + 1, kCapacity));
    std::vector<int> slots;
    for (int age = 0; age < replay.size(); ++age) slots.push_back(replay.slot_of_age(age));
    TransitionColumns batch(spec, kCapacity);
    replay.gather(slots, batch);
    for (int age = 0; age < replay.size(); ++age) {
      CAPTURE(k, age);
      const auto row = static_cast<std::size_t>(age);
      const auto stored = static_cast<float>(k - age);
      const bool ended = (k - age) % 3 == 0;
      CHECK(batch.observations[2 * row] == stored);
      CHECK(batch.observations[2 * row + 1] == -stored);
      CHECK(batch.actions[row] == stored + 100.0F);
      CHECK(batch.rewards[row] == 2.0F * stored);
      CHECK(batch.discounts[row] == (ended ? 0.0F : 0.9F));
      CHECK(batch.next_observations[2 * row] == (ended ? 0.0F : stored + 0.5F));
      CHECK(batch.next_observations[2 * row + 1] == (ended ? 0.0F : stored + 0.25F));
    }
  }
}

TEST_CASE("Uniform draws are uniform, also from fewer transitions than the batch has") {
  std::vector<double> counts(7, 0.0);
  std::vector<int> slots(64);
  constexpr int kBatches = 1000;
  for (std::uint64_t batch = 0; batch < kBatches; ++batch) {
    prl::Rng rng(2, prl::RandomPurpose::kReplay, 0, batch);
    prl::sample_uniformly(7, rng, slots);
    for (const int slot : slots) counts.at(static_cast<std::size_t>(slot)) += 1.0;
  }
  double chi_square = 0.0;
  constexpr double kExpected = 64.0 * kBatches / 7.0;
  for (const double count : counts) chi_square += (count - kExpected) * (count - kExpected) / kExpected;
  CHECK(chi_square < 22.5);  // quantile 0.999, 6 degrees of freedom
}

TEST_CASE("A replay without room is refused") { CHECK_THROWS_AS(ReplayBuffer(spec_of(1), 0), std::invalid_argument); }

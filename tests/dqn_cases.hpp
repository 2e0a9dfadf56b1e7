// A small DQN case of an environment, and what its replay must hold.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "tests/owned_dqn.hpp"

namespace prl::test {

template <typename E>
DqnCase small_case() {
  DqnCase c;
  c.network = network_for<E>({17, 9}, true, Activation::kRelu);
  c.setting.batch = 16;
  c.setting.replay_capacity = 200;
  c.setting.learning_starts = 32;
  c.setting.train_every = 8;
  c.setting.target_interval = 3;
  return c;
}

inline std::vector<int> newest_slots(const ReplayBuffer& replay, int count) {
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

}  // namespace prl::test

// One step of experience as replay rules store it, possibly n environment steps long.
#pragma once

#include <cstddef>

#include "core/aligned_buffer.hpp"
#include "core/network_layout.hpp"

namespace prl {

// Does not own what it points to.
struct Transition {
  const float* observation = nullptr;       // [observation_size], where it begins
  const float* action = nullptr;            // [action_size], taken there
  float reward = 0.0F;                      // discounted sum over its steps
  float discount = 0.0F;                    // of the value of next_observation: gamma^steps, or 0 after termination
  const float* next_observation = nullptr;  // [observation_size]; null where discount is 0
  float value = 0.0F;                       // the actor's Q(observation, action), where it is known
  float next_value = 0.0F;                  // the actor's greatest Q(next_observation, .); 0 after termination
};

// Transitions as columns: what a batch is gathered into.
struct TransitionColumns {
  TransitionColumns(const NetworkSpec& spec, int rows)
      : observations(static_cast<std::size_t>(rows) * static_cast<std::size_t>(spec.observation_size)),
        next_observations(observations.size()),
        actions(static_cast<std::size_t>(rows) * static_cast<std::size_t>(spec.action_size())),
        rewards(static_cast<std::size_t>(rows)),
        discounts(static_cast<std::size_t>(rows)) {}

  AlignedBuffer<float> observations;       // [rows][observation_size]
  AlignedBuffer<float> next_observations;  // [rows][observation_size], zeros where the discount is 0
  AlignedBuffer<float> actions;            // [rows][action_size]
  AlignedBuffer<float> rewards;            // [rows]
  AlignedBuffer<float> discounts;          // [rows]
};

}  // namespace prl

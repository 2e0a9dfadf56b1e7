// Action values from a network's outputs, for acting and for learning.
//
//   Q(s, a) = head_a,   or dueling  V(s) + head_a - mean_k head_k
//
// Source: Wang et al., "Dueling network architectures for deep reinforcement learning" (ICML 2016), equation 9. Deviation:
// none. The greatest head is the greatest action value either way.
#pragma once

#include "core/action_distribution.hpp"

namespace prl {

// Q(s, action) of one row of outputs.
inline float action_value(const float* head, float value, int actions, int action, bool dueling) {
  if (!dueling) return head[action];
  float sum = 0.0F;
  for (int k = 0; k < actions; ++k) sum += head[k];
  return value + head[action] - sum / static_cast<float>(actions);
}

// max_a Q(s, a) of one row of outputs.
inline float greatest_action_value(const float* head, float value, int actions, bool dueling) {
  return action_value(head, value, actions, greedy_categorical(head, actions), dueling);
}

}  // namespace prl

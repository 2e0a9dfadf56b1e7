// The actor-critic objective and its derivative with respect to the network's outputs.
//
//   L = 1/M sum over rows of [ -A log pi(a|s) + c_v (V - R)^2 - c_e entropy ]
//
// A and R are constants here: the gradient of the first term is the policy gradient. M counts rows, or episodes where
// the mean is over whole episodes. Source: Mnih et al., "Asynchronous methods for deep reinforcement learning" (ICML
// 2016), section 4 and algorithm S3; Sutton and Barto, "Reinforcement learning" (2nd edition), section 13.3. The factor
// 1/2 of the value error is left to c_v. Deviation: none.
#pragma once

#include "core/network_layout.hpp"

namespace prl {

struct ActorCriticLossSetting {
  float value_coefficient = 0.5F;
  float entropy_coefficient = 0.0F;
};

// One shard's rows. Every sum is weighed with 1 / divisor, M above.
struct ActorCriticRows {
  int rows = 0;
  double divisor = 1.0;
  const float* heads = nullptr;       // [rows][head_size], of the current policy
  const float* values = nullptr;      // [rows]
  const float* actions = nullptr;     // [rows][action_size]
  const float* advantages = nullptr;  // [rows]
  const float* returns = nullptr;     // [rows]
};

// This shard's part of the loss terms; parts add up.
struct ActorCriticTerms {
  double policy = 0.0;
  double value = 0.0;
  double entropy = 0.0;

  ActorCriticTerms& operator+=(const ActorCriticTerms& other) {
    policy += other.policy;
    value += other.value;
    entropy += other.entropy;
    return *this;
  }
};

// Writes dL/dheads [rows][head_size] and dL/dvalues [rows], and adds dL/dlog_std to `d_log_std` ([head_size], Gaussian
// policies only). `log_std` is [head_size] or null.
ActorCriticTerms actor_critic_loss(const NetworkSpec& spec, const ActorCriticLossSetting& setting,
                                   const ActorCriticRows& batch, const float* log_std, float* d_heads, float* d_values,
                                   float* d_log_std);

}  // namespace prl

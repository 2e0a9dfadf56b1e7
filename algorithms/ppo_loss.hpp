// The clipped PPO objective and its derivative with respect to the network's outputs.
//
//   r = pi(a|s) / pi_old(a|s)
//   L = mean[ -min(r A, clip(r, 1 - eps, 1 + eps) A) ] + c_v mean[ (V - R)^2 ] - c_e mean[ entropy ]
//
// Source: Schulman, Wolski, Dhariwal, Radford, Klimov, "Proximal policy optimization algorithms" (2017), equations 7 and
// 9. Deviations, both from the authors' code and both known to matter: advantages arrive normalised over the
// minibatch; the value error may be clipped around the behaviour policy's value, max[(V - R)^2, (V_clip - R)^2],
// V_clip = V_old + clip(V - V_old, -eps, eps). The factor 1/2 of the value error is left to c_v.
//
// The derivative of min(.) is that of its smaller branch; where both are equal (r inside the clip range) that of r A.
#pragma once

#include <span>

#include "core/network_layout.hpp"

namespace prl {

struct PpoLossSetting {
  float clip = 0.2F;
  float value_coefficient = 0.5F;
  float entropy_coefficient = 0.0F;
  bool clip_value = false;
};

// One shard's rows of a minibatch. `total_rows` counts the whole minibatch: every mean is over it.
struct PpoRows {
  int rows = 0;
  int total_rows = 0;
  const float* heads = nullptr;          // [rows][head_size], of the current policy
  const float* values = nullptr;         // [rows]
  const float* actions = nullptr;        // [rows][action_size]
  const float* old_log_probs = nullptr;  // [rows], of the behaviour policy
  const float* old_values = nullptr;     // [rows]
  const float* advantages = nullptr;     // [rows], normalised
  const float* returns = nullptr;        // [rows]
};

// This shard's part of the loss terms; parts of a minibatch add up.
struct PpoLossTerms {
  double policy = 0.0;
  double value = 0.0;
  double entropy = 0.0;
  double clip_fraction = 0.0;
  double approximate_kl = 0.0;  // mean of (r - 1) - ln r

  PpoLossTerms& operator+=(const PpoLossTerms& other) {
    policy += other.policy;
    value += other.value;
    entropy += other.entropy;
    clip_fraction += other.clip_fraction;
    approximate_kl += other.approximate_kl;
    return *this;
  }
};

// The policy's terms alone: writes dL/dheads [rows][head_size] and adds dL/dlog_std to `d_log_std` ([head_size], Gaussian
// policies only). Values and returns are not read. `log_std` is [head_size] or null.
PpoLossTerms ppo_policy_loss(const NetworkSpec& spec, const PpoLossSetting& setting, const PpoRows& batch,
                             const float* log_std, float* d_heads, float* d_log_std);

// The value's term alone: writes dL/dvalues [rows]. Only values, old values and returns are read.
PpoLossTerms ppo_value_loss(const PpoLossSetting& setting, const PpoRows& batch, float* d_values);

// Both: writes dL/dheads [rows][head_size] and dL/dvalues [rows], and adds dL/dlog_std to `d_log_std` ([head_size], Gaussian
// policies only). `log_std` is [head_size] or null.
PpoLossTerms ppo_loss(const NetworkSpec& spec, const PpoLossSetting& setting, const PpoRows& batch,
                      const float* log_std, float* d_heads, float* d_values, float* d_log_std);

}  // namespace prl

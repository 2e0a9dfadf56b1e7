// The log-probability of one row's action and the policy's derivative by the row's head.
//
//   Gaussian:     d log pi / d mu_d = z_d / sigma_d,  d log pi / d s_d = z_d^2 - 1,  z = (a - mu) / sigma, sigma = exp(s);
//                 d entropy / d s_d = 1
//   categorical:  d log pi(a) / d l_k = [k = a] - pi_k,  d entropy / d l_k = -pi_k (log pi_k + entropy)
//
// Source: derivatives of the distributions in core/action_distribution.hpp. What every rule with a policy builds on.
#pragma once

#include "core/action_distribution.hpp"
#include "core/network_layout.hpp"

namespace prl {

// log pi(action | head). `log_std` is [head_size], of a Gaussian policy, or null.
inline float row_log_prob(const NetworkSpec& spec, const float* head, const float* log_std, const float* action) {
  if (spec.action_kind == ActionKind::kContinuous) return gaussian_log_prob(head, log_std, action, spec.head_size);
  return categorical_log_prob(head, spec.head_size, static_cast<int>(action[0]));
}

inline float gaussian_backward(const float* mean, const float* log_std, const float* action, int size, float d_log_prob,
                               float d_entropy, float* d_mean, float* d_log_std) {
  float entropy = 0.0F;
  for (int d = 0; d < size; ++d) {
    const float inverse_std = fast_exp(-log_std[d]);
    const float z = (action[d] - mean[d]) * inverse_std;
    d_mean[d] = d_log_prob * z * inverse_std;
    d_log_std[d] += d_log_prob * (z * z - 1.0F) + d_entropy;
    entropy += log_std[d] + kHalfLogTwoPiE;
  }
  return entropy;
}

inline float categorical_backward(const float* logits, int count, int action, float d_log_prob, float d_entropy,
                                  float* d_logits) {
  const float normaliser = log_sum_exp(logits, count);
  float entropy = 0.0F;
  for (int k = 0; k < count; ++k) {
    const float log_prob = logits[k] - normaliser;
    entropy -= fast_exp(log_prob) * log_prob;
  }
  for (int k = 0; k < count; ++k) {
    const float log_prob = logits[k] - normaliser;
    const float probability = fast_exp(log_prob);
    const float indicator = k == action ? 1.0F : 0.0F;
    d_logits[k] = d_log_prob * (indicator - probability) - d_entropy * probability * (log_prob + entropy);
  }
  return entropy;
}

// For a loss with derivative `d_log_prob` by log pi(action) and `d_entropy` by the entropy of this row: writes its
// derivative by the head to `d_head` [head_size], adds that by the log standard deviations to `d_log_std`. Returns the
// entropy.
inline float policy_backward(const NetworkSpec& spec, const float* head, const float* log_std, const float* action,
                             float d_log_prob, float d_entropy, float* d_head, float* d_log_std) {
  if (spec.action_kind == ActionKind::kContinuous) {
    return gaussian_backward(head, log_std, action, spec.head_size, d_log_prob, d_entropy, d_head, d_log_std);
  }
  return categorical_backward(head, spec.head_size, static_cast<int>(action[0]), d_log_prob, d_entropy, d_head);
}

}  // namespace prl

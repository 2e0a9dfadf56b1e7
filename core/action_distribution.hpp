// The two action distributions and their log-probabilities, scalar and branch-free, for acting and for learning.
//
//   Gaussian:     a = mu + exp(s) z,   log pi(a) = sum_d [ -1/2 ((a_d - mu_d) / exp(s_d))^2 - s_d - 1/2 ln 2 pi ],
//                 entropy = sum_d [ s_d + 1/2 ln(2 pi e) ]
//   categorical:  log pi(k) = l_k - ln sum_j exp(l_j),   entropy = - sum_k pi(k) log pi(k)
//
// Source: Sutton and Barto, "Reinforcement learning" (2nd edition), sections 13.7 and 13.1; the maximum is subtracted
// before exponentials. Deviation: actions are not squashed; the environment clips them, as in the usual PPO set-up.
#pragma once

#include "core/float_math.hpp"
#include "core/host_device.hpp"
#include "core/random.hpp"

namespace prl {

inline constexpr float kHalfLogTwoPi = 0.918938533204672742F;
inline constexpr float kHalfLogTwoPiE = 1.418938533204672742F;

// log pi(action) of a diagonal Gaussian with `size` dimensions.
PRL_HOST_DEVICE inline float gaussian_log_prob(const float* mean, const float* log_std, const float* action, int size) {
  float log_prob = 0.0F;
  for (int d = 0; d < size; ++d) {
    const float z = (action[d] - mean[d]) * fast_exp(-log_std[d]);
    log_prob += multiply_add(-0.5F * z, z, -log_std[d] - kHalfLogTwoPi);
  }
  return log_prob;
}

PRL_HOST_DEVICE inline void sample_gaussian(const float* mean, const float* log_std, int size, Rng& rng,
                                            float* action) {
  for (int d = 0; d < size; ++d) action[d] = multiply_add(fast_exp(log_std[d]), rng.normal(), mean[d]);
}

// ln sum_j exp(logits_j).
PRL_HOST_DEVICE inline float log_sum_exp(const float* logits, int count) {
  float largest = logits[0];
  for (int k = 1; k < count; ++k) largest = logits[k] > largest ? logits[k] : largest;
  float sum = 0.0F;
  for (int k = 0; k < count; ++k) sum += fast_exp(logits[k] - largest);
  return largest + fast_log(sum);
}

PRL_HOST_DEVICE inline float categorical_log_prob(const float* logits, int count, int action) {
  return logits[action] - log_sum_exp(logits, count);
}

// Inverts the cumulative distribution at one uniform number. The last action takes what rounding leaves over.
PRL_HOST_DEVICE inline int sample_categorical(const float* logits, int count, Rng& rng) {
  const float normaliser = log_sum_exp(logits, count);
  float remaining = rng.uniform<float>();
  for (int k = 0; k < count - 1; ++k) {
    remaining -= fast_exp(logits[k] - normaliser);
    if (remaining < 0.0F) return k;
  }
  return count - 1;
}

// The most probable action, the first of several.
PRL_HOST_DEVICE inline int greedy_categorical(const float* logits, int count) {
  int best = 0;
  for (int k = 1; k < count; ++k) best = logits[k] > logits[best] ? k : best;
  return best;
}

}  // namespace prl

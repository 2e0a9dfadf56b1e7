#include "algorithms/ppo_loss.hpp"

#include <algorithm>
#include <cmath>

#include "core/action_distribution.hpp"

namespace prl {
namespace {

struct Surrogate {
  float loss = 0.0F;
  float d_log_prob = 0.0F;  // d loss / d log pi
  bool clipped = false;
};

Surrogate clipped_surrogate(float ratio, float advantage, float clip) {
  const float bounded = std::clamp(ratio, 1.0F - clip, 1.0F + clip);
  const float free = ratio * advantage;
  const float held = bounded * advantage;
  if (free <= held) return {-free, -free, bounded != ratio};
  return {-held, 0.0F, true};
}

struct ValueError {
  float loss = 0.0F;
  float d_value = 0.0F;
};

ValueError value_error(float value, float old_value, float target, const PpoLossSetting& setting) {
  const float error = value - target;
  if (!setting.clip_value) return {error * error, 2.0F * error};
  const float change = std::clamp(value - old_value, -setting.clip, setting.clip);
  const float held_error = old_value + change - target;
  if (error * error >= held_error * held_error) return {error * error, 2.0F * error};
  const bool moves = change == value - old_value;
  return {held_error * held_error, moves ? 2.0F * held_error : 0.0F};
}

// d log pi / d mean and, added up, d log pi / d log_std, times `d_log_prob`; entropy adds -c_e / M a row and dimension.
void gaussian_backward(const float* mean, const float* log_std, const float* action, int size, float d_log_prob,
                       float d_entropy, float* d_mean, float* d_log_std) {
  for (int d = 0; d < size; ++d) {
    const float inverse_std = fast_exp(-log_std[d]);
    const float z = (action[d] - mean[d]) * inverse_std;
    d_mean[d] = d_log_prob * z * inverse_std;
    d_log_std[d] += d_log_prob * (z * z - 1.0F) + d_entropy;
  }
}

float gaussian_entropy(const float* log_std, int size) {
  float entropy = 0.0F;
  for (int d = 0; d < size; ++d) entropy += log_std[d] + kHalfLogTwoPiE;
  return entropy;
}

// d log pi(a) / d l_k = [k = a] - pi_k;  d entropy / d l_k = -pi_k (log pi_k + entropy). Returns the entropy.
float categorical_backward(const float* logits, int count, int action, float d_log_prob, float d_entropy,
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

}  // namespace

PpoLossTerms ppo_loss(const NetworkSpec& spec, const PpoLossSetting& setting, const PpoRows& batch,
                      const float* log_std, float* d_heads, float* d_values, float* d_log_std) {
  const bool gaussian = spec.action_kind == ActionKind::kContinuous;
  const int head_size = spec.head_size;
  const float weight = 1.0F / static_cast<float>(batch.total_rows);
  const float d_entropy = -setting.entropy_coefficient * weight;
  PpoLossTerms terms;
  for (int r = 0; r < batch.rows; ++r) {
    const float* head = batch.heads + r * head_size;
    const float* action = batch.actions + r * spec.action_size();
    const int index = gaussian ? 0 : static_cast<int>(action[0]);
    const float log_prob =
        gaussian ? gaussian_log_prob(head, log_std, action, head_size) : categorical_log_prob(head, head_size, index);
    const float log_ratio = log_prob - batch.old_log_probs[r];
    const float ratio = fast_exp(log_ratio);
    const Surrogate surrogate = clipped_surrogate(ratio, batch.advantages[r], setting.clip);
    const float d_log_prob = surrogate.d_log_prob * weight;
    float entropy = 0.0F;
    if (gaussian) {
      gaussian_backward(head, log_std, action, head_size, d_log_prob, d_entropy, d_heads + r * head_size, d_log_std);
      entropy = gaussian_entropy(log_std, head_size);
    } else {
      entropy = categorical_backward(head, head_size, index, d_log_prob, d_entropy, d_heads + r * head_size);
    }
    const ValueError error = value_error(batch.values[r], batch.old_values[r], batch.returns[r], setting);
    d_values[r] = setting.value_coefficient * weight * error.d_value;
    terms.policy += static_cast<double>(surrogate.loss * weight);
    terms.value += static_cast<double>(error.loss * weight);
    terms.entropy += static_cast<double>(entropy * weight);
    terms.clip_fraction += surrogate.clipped ? static_cast<double>(weight) : 0.0;
    terms.approximate_kl += static_cast<double>((ratio - 1.0F - log_ratio) * weight);
  }
  return terms;
}

}  // namespace prl

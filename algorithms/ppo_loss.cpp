#include "algorithms/ppo_loss.hpp"

#include <algorithm>
#include <cmath>

#include "algorithms/policy_derivative.hpp"

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

}  // namespace

PpoLossTerms ppo_policy_loss(const NetworkSpec& spec, const PpoLossSetting& setting, const PpoRows& batch,
                             const float* log_std, float* d_heads, float* d_log_std) {
  const int head_size = spec.head_size;
  const float weight = 1.0F / static_cast<float>(batch.total_rows);
  const float d_entropy = -setting.entropy_coefficient * weight;
  PpoLossTerms terms;
  for (int r = 0; r < batch.rows; ++r) {
    const float* head = batch.heads + r * head_size;
    const float* action = batch.actions + r * spec.action_size();
    const float log_prob = row_log_prob(spec, head, log_std, action);
    const float log_ratio = log_prob - batch.old_log_probs[r];
    const float ratio = fast_exp(log_ratio);
    const Surrogate surrogate = clipped_surrogate(ratio, batch.advantages[r], setting.clip);
    const float d_log_prob = surrogate.d_log_prob * weight;
    const float entropy =
        policy_backward(spec, head, log_std, action, d_log_prob, d_entropy, d_heads + r * head_size, d_log_std);
    terms.policy += static_cast<double>(surrogate.loss * weight);
    terms.entropy += static_cast<double>(entropy * weight);
    terms.clip_fraction += surrogate.clipped ? static_cast<double>(weight) : 0.0;
    terms.approximate_kl += static_cast<double>((ratio - 1.0F - log_ratio) * weight);
  }
  return terms;
}

PpoLossTerms ppo_value_loss(const PpoLossSetting& setting, const PpoRows& batch, float* d_values) {
  const float weight = 1.0F / static_cast<float>(batch.total_rows);
  PpoLossTerms terms;
  for (int r = 0; r < batch.rows; ++r) {
    const ValueError error = value_error(batch.values[r], batch.old_values[r], batch.returns[r], setting);
    d_values[r] = setting.value_coefficient * weight * error.d_value;
    terms.value += static_cast<double>(error.loss * weight);
  }
  return terms;
}

PpoLossTerms ppo_loss(const NetworkSpec& spec, const PpoLossSetting& setting, const PpoRows& batch,
                      const float* log_std, float* d_heads, float* d_values, float* d_log_std) {
  PpoLossTerms terms = ppo_policy_loss(spec, setting, batch, log_std, d_heads, d_log_std);
  terms += ppo_value_loss(setting, batch, d_values);
  return terms;
}

}  // namespace prl

#include "algorithms/actor_critic_loss.hpp"

#include "algorithms/policy_derivative.hpp"

namespace prl {

ActorCriticTerms actor_critic_loss(const NetworkSpec& spec, const ActorCriticLossSetting& setting,
                                   const ActorCriticRows& batch, const float* log_std, float* d_heads, float* d_values,
                                   float* d_log_std) {
  const auto weight = static_cast<float>(1.0 / batch.divisor);
  const float d_entropy = -setting.entropy_coefficient * weight;
  ActorCriticTerms terms;
  for (int r = 0; r < batch.rows; ++r) {
    const float* head = batch.heads + r * spec.head_size;
    const float* action = batch.actions + r * spec.action_size();
    const float advantage = batch.advantages[r];
    const float log_prob = row_log_prob(spec, head, log_std, action);
    const float entropy = policy_backward(spec, head, log_std, action, -advantage * weight, d_entropy,
                                          d_heads + r * spec.head_size, d_log_std);
    const float error = batch.values[r] - batch.returns[r];
    d_values[r] = setting.value_coefficient * weight * 2.0F * error;
    terms.policy -= static_cast<double>(advantage * log_prob * weight);
    terms.value += static_cast<double>(error * error * weight);
    terms.entropy += static_cast<double>(entropy * weight);
  }
  return terms;
}

}  // namespace prl

#include "algorithms/dqn_loss.hpp"

#include <algorithm>
#include <cmath>

#include "core/action_distribution.hpp"

namespace prl {
namespace {

struct ErrorLoss {
  float loss = 0.0F;
  float d_error = 0.0F;
};

ErrorLoss loss_of(TdLoss kind, float error) {
  if (kind == TdLoss::kSquared) return {error * error, 2.0F * error};
  const float size = std::abs(error);
  return {size <= 1.0F ? 0.5F * error * error : size - 0.5F, std::clamp(error, -1.0F, 1.0F)};
}

}  // namespace

void td_targets(const NetworkSpec& spec, const DqnLossSetting& setting, int rows, const float* rewards,
                const float* discounts, NetworkOutputs target, NetworkOutputs online, float* targets) {
  const int actions = spec.head_size;
  for (int r = 0; r < rows; ++r) {
    targets[r] = rewards[r];
    if (discounts[r] == 0.0F) continue;
    const float* head = target.heads + r * actions;
    const int greedy = greedy_categorical(setting.double_q ? online.heads + r * actions : head, actions);
    targets[r] += discounts[r] * action_value(head, target.values[r], actions, greedy, setting.dueling);
  }
}

double dqn_loss(const NetworkSpec& spec, const DqnLossSetting& setting, const DqnRows& batch, float* d_heads,
                float* d_values, float* errors) {
  const int actions = spec.head_size;
  const float share = 1.0F / static_cast<float>(batch.total_rows);
  double sum = 0.0;
  for (int r = 0; r < batch.rows; ++r) {
    const int action = static_cast<int>(batch.actions[r]);
    const float weight = batch.weights != nullptr ? share * batch.weights[r] : share;
    errors[r] = batch.targets[r] - action_value(batch.outputs.heads + r * actions, batch.outputs.values[r], actions,
                                                action, setting.dueling);
    const ErrorLoss loss = loss_of(setting.loss, errors[r]);
    const float d_action_value = -weight * loss.d_error;
    const float d_mean = setting.dueling ? d_action_value / static_cast<float>(actions) : 0.0F;
    for (int k = 0; k < actions; ++k) d_heads[r * actions + k] = (k == action ? d_action_value : 0.0F) - d_mean;
    d_values[r] = setting.dueling ? d_action_value : 0.0F;
    sum += static_cast<double>(weight * loss.loss);
  }
  return sum;
}

}  // namespace prl

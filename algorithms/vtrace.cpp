#include "algorithms/vtrace.hpp"

#include <algorithm>

#include "core/float_math.hpp"

namespace prl {

void vtrace(const VtraceTrajectory& trajectory, int steps, const VtraceCoefficients& coefficients,
            std::span<float> targets, std::span<float> advantages) {
  const float gamma = coefficients.gamma;
  float correction = 0.0F;  // v_{t+1} - V(s_{t+1})
  for (int t = steps - 1; t >= 0; --t) {
    const bool cut = t == steps - 1 || trajectory.ends[t] != 0;
    if (cut) correction = 0.0F;
    const float next_value = cut ? trajectory.bootstrap[t] : trajectory.values[t + 1];
    const float ratio = fast_exp(trajectory.log_ratios[t]);
    const float rho = std::min(coefficients.rho_bar, ratio);
    const float c = coefficients.lambda * std::min(coefficients.c_bar, ratio);
    const float value = trajectory.values[t];
    const float reward = trajectory.rewards[t];
    advantages[static_cast<std::size_t>(t)] = rho * (reward + gamma * (next_value + correction) - value);
    correction = rho * (reward + gamma * next_value - value) + gamma * c * correction;
    targets[static_cast<std::size_t>(t)] = value + correction;
  }
}

}  // namespace prl

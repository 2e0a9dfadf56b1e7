#include "algorithms/generalised_advantage.hpp"

namespace prl {

void generalised_advantage(const TrajectoryView& trajectory, int steps, float gamma, float lambda,
                           std::span<float> advantages, std::span<float> returns) {
  float advantage = 0.0F;
  for (int t = steps - 1; t >= 0; --t) {
    const bool cut = t == steps - 1 || trajectory.ends[t] != 0;
    const float next_value = cut ? trajectory.bootstrap[t] : trajectory.values[t + 1];
    const float delta = trajectory.rewards[t] + gamma * next_value - trajectory.values[t];
    advantage = cut ? delta : delta + gamma * lambda * advantage;
    advantages[static_cast<std::size_t>(t)] = advantage;
    returns[static_cast<std::size_t>(t)] = advantage + trajectory.values[t];
  }
}

}  // namespace prl

#include "algorithms/discounted_returns.hpp"

namespace prl {
namespace {

void take_first_of_episode(const TrajectoryView& trajectory, int steps, std::span<float> returns) {
  for (int t = 1; t < steps; ++t) {
    if (trajectory.ends[t - 1] == 0) returns[static_cast<std::size_t>(t)] = returns[static_cast<std::size_t>(t) - 1];
  }
}

}  // namespace

void discounted_returns(const TrajectoryView& trajectory, int steps, float gamma, ReturnKind kind,
                        std::span<float> returns) {
  float to_go = 0.0F;
  for (int t = steps - 1; t >= 0; --t) {
    if (trajectory.ends[t] != 0) to_go = 0.0F;
    to_go = trajectory.rewards[t] + gamma * to_go;
    returns[static_cast<std::size_t>(t)] = to_go;
  }
  if (kind == ReturnKind::kWholeEpisode) take_first_of_episode(trajectory, steps, returns);
}

}  // namespace prl

#include "device/rollout_network.hpp"

#include <algorithm>
#include <stdexcept>

namespace prl {

RolloutNetwork rollout_network(const NetworkLayout& layout) {
  const auto& hidden = layout.spec.hidden;
  const bool known = hidden.size() <= static_cast<std::size_t>(kRolloutMostLayers) &&
                     std::all_of(hidden.begin(), hidden.end(), [](int width) { return width == kRolloutWidth; });
  if (!known) {
    throw std::invalid_argument("GPU rollouts know one to three hidden layers of 64 units: give --hidden 64,64");
  }
  RolloutNetwork network;
  for (std::size_t s = 0; s < layout.stacks.size(); ++s) {
    std::copy(layout.stacks[s].begin(), layout.stacks[s].end(), network.stacks[s].begin());
  }
  network.layers = static_cast<std::int32_t>(hidden.size());
  network.shared_trunk = layout.spec.shared_trunk;
  network.activation = layout.spec.activation;
  network.policy_head = layout.policy_head;
  network.value_head = layout.value_head;
  network.log_std_offset = layout.log_std_offset;
  network.parameter_count = layout.parameter_count;
  return network;
}

}  // namespace prl

#include "core/network_layout.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace prl {
namespace {

DenseLayer place_layer(int inputs, int outputs, std::size_t& next) {
  if (inputs < 1 || outputs < 1) {
    throw std::invalid_argument("network layers need at least one input and one output: give positive sizes");
  }
  DenseLayer layer{inputs, outputs, next, 0};
  layer.bias_offset = next + layer.weight_count();
  next = layer.bias_offset + static_cast<std::size_t>(outputs);
  return layer;
}

}  // namespace

NetworkLayout::NetworkLayout(NetworkSpec network) : spec(std::move(network)) {
  if (spec.hidden.empty()) throw std::invalid_argument("a network needs at least one hidden layer: give its width");
  std::size_t next = 0;
  const int stack_count = spec.shared_trunk ? 1 : 2;
  for (int s = 0; s < stack_count; ++s) {
    std::vector<DenseLayer> stack;
    int inputs = spec.observation_size;
    for (const int width : spec.hidden) {
      stack.push_back(place_layer(inputs, width, next));
      inputs = width;
    }
    stacks.push_back(std::move(stack));
  }
  policy_head = place_layer(spec.hidden.back(), spec.head_size, next);
  value_head = place_layer(spec.hidden.back(), 1, next);
  log_std_offset = next;
  log_std_count = spec.action_kind == ActionKind::kContinuous ? static_cast<std::size_t>(spec.head_size) : 0;
  parameter_count = next + log_std_count;
}

int NetworkLayout::network_of(std::size_t parameter) const {
  if (spec.shared_trunk) return 0;
  const bool in_stack =
      parameter >= stacks[value_stack()].front().weight_offset && parameter < policy_head.weight_offset;
  const bool in_head = parameter >= value_head.weight_offset && parameter < log_std_offset;
  return in_stack || in_head ? 1 : 0;
}

int NetworkLayout::widest_layer() const { return *std::max_element(spec.hidden.begin(), spec.hidden.end()); }

}  // namespace prl

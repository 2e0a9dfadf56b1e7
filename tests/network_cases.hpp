// Networks with random parameters and observations, for tests that compare one implementation with another.
#pragma once

#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "core/network_layout.hpp"
#include "core/random.hpp"

namespace prl::test {

inline AlignedBuffer<float> random_normals(std::size_t count, std::uint32_t stream, float scale = 1.0F) {
  AlignedBuffer<float> values(count);
  Rng rng(2024, RandomPurpose::kInitialisation, stream, 1);
  for (float& value : values.span()) value = scale * rng.normal();
  return values;
}

// Parameters whose activations stay of order 1 through the layers, biases and log standard deviations included.
inline AlignedBuffer<float> random_parameters(const NetworkLayout& layout) {
  AlignedBuffer<float> parameters = random_normals(layout.parameter_count, 1, 0.3F);
  const auto scale = [&](const DenseLayer& layer) {
    const float factor = 3.0F / std::sqrt(static_cast<float>(layer.inputs));
    for (float& w : parameters.span().subspan(layer.weight_offset, layer.weight_count())) w *= factor;
  };
  for (const auto& stack : layout.stacks) {
    for (const DenseLayer& layer : stack) scale(layer);
  }
  scale(layout.policy_head);
  scale(layout.value_head);
  return parameters;
}

inline NetworkSpec network_spec(int observation_size, int head_size, ActionKind kind, std::vector<int> hidden,
                                bool shared_trunk, Activation activation) {
  return {observation_size, head_size, kind, std::move(hidden), shared_trunk, activation, 0.0F};
}

// Widths on both sides of a register's, one layer to three, both trunks, both activations, heads of 1, 2 and 5.
inline std::vector<NetworkSpec> network_cases() {
  std::vector<NetworkSpec> cases;
  for (const bool shared : {true, false}) {
    for (const Activation activation : {Activation::kTanh, Activation::kRelu}) {
      cases.push_back(network_spec(3, 1, ActionKind::kContinuous, {17, 33}, shared, activation));
      cases.push_back(network_spec(4, 2, ActionKind::kDiscrete, {33, 5, 17}, shared, activation));
      cases.push_back(network_spec(9, 5, ActionKind::kContinuous, {5}, shared, activation));
      cases.push_back(network_spec(3, 5, ActionKind::kDiscrete, {64, 64}, shared, activation));
    }
  }
  return cases;
}

inline std::string describe(const NetworkSpec& spec) {
  std::ostringstream text;
  text << (spec.shared_trunk ? "shared " : "separate ") << (spec.activation == Activation::kTanh ? "tanh" : "relu");
  for (const int width : spec.hidden) text << ' ' << width;
  text << " -> " << spec.head_size;
  return text.str();
}

}  // namespace prl::test

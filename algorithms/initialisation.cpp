#include "algorithms/initialisation.hpp"

#include <algorithm>
#include <cmath>

#include "algorithms/orthogonal.hpp"
#include "core/random.hpp"

namespace prl {
namespace {

void initialise_layer(const DenseLayer& layer, float gain, std::uint64_t seed, std::uint32_t layer_index,
                      std::span<float> parameters) {
  const auto weights = parameters.subspan(layer.weight_offset, layer.weight_count());
  Rng rng(seed, RandomPurpose::kInitialisation, layer_index, 0);
  for (float& weight : weights) weight = rng.normal();
  make_orthogonal(weights, layer.inputs, layer.outputs);
  for (float& weight : weights) weight *= gain;
  std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(layer.bias_offset), layer.outputs, 0.0F);
}

}  // namespace

void initialise_parameters(const NetworkLayout& layout, std::uint64_t seed, std::span<float> parameters) {
  std::uint32_t index = 0;
  for (const auto& stack : layout.stacks) {
    for (const DenseLayer& layer : stack) {
      initialise_layer(layer, std::sqrt(2.0F), seed, index++, parameters);
    }
  }
  initialise_layer(layout.policy_head, 0.01F, seed, index++, parameters);
  initialise_layer(layout.value_head, 1.0F, seed, index++, parameters);
  std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(layout.log_std_offset), layout.log_std_count,
              layout.spec.initial_log_std);
}

}  // namespace prl

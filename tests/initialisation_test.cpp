// Initial parameters: orthogonal weights with the gains that PPO's authors use, zero biases.
#include "algorithms/initialisation.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "algorithms/autograd_network.hpp"
#include "algorithms/orthogonal.hpp"
#include "tests/catch2.hpp"
#include "tests/network_cases.hpp"

namespace {

using prl::AlignedBuffer;
using prl::DenseLayer;
using prl::NetworkLayout;
using prl::NetworkSpec;

AlignedBuffer<float> initialised(const NetworkLayout& layout, std::uint64_t seed) {
  AlignedBuffer<float> parameters(layout.parameter_count);
  std::fill_n(parameters.data(), parameters.size(), 99.0F);
  prl::use_one_torch_thread();
  prl::initialise_parameters(layout, seed, parameters.span());
  return parameters;
}

// The largest distance of W^T W, or of W W^T for a wide matrix, from gain^2 times the identity.
double distance_from_orthogonal(const float* weights, std::size_t rows, std::size_t columns, double gain) {
  const bool wide = rows < columns;
  const std::size_t count = wide ? rows : columns;
  const std::size_t length = wide ? columns : rows;
  const auto element = [&](std::size_t vector, std::size_t k) {
    return static_cast<double>(wide ? weights[vector * columns + k] : weights[k * columns + vector]);
  };
  double most = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      double product = 0.0;
      for (std::size_t k = 0; k < length; ++k) product += element(i, k) * element(j, k);
      most = std::max(most, std::abs(product - (i == j ? gain * gain : 0.0)));
    }
  }
  return most;
}

void check_layer(const DenseLayer& layer, const AlignedBuffer<float>& parameters, double gain) {
  const auto inputs = static_cast<std::size_t>(layer.inputs);
  const auto outputs = static_cast<std::size_t>(layer.outputs);
  CAPTURE(inputs, outputs, gain);
  CHECK(distance_from_orthogonal(parameters.data() + layer.weight_offset, inputs, outputs, gain) < 1e-6 * gain * gain);
  for (std::size_t j = 0; j < outputs; ++j) CHECK(parameters[layer.bias_offset + j] == 0.0F);
}

}  // namespace

TEST_CASE("Weights are orthogonal with gains sqrt(2), 0.01 and 1, biases zero, log standard deviations as given") {
  for (NetworkSpec spec : prl::test::network_cases()) {
    CAPTURE(prl::test::describe(spec));
    spec.initial_log_std = -0.75F;
    const NetworkLayout layout(spec);
    const AlignedBuffer<float> parameters = initialised(layout, 3);
    for (const auto& stack : layout.stacks) {
      for (const DenseLayer& layer : stack) check_layer(layer, parameters, std::sqrt(2.0));
    }
    check_layer(layout.policy_head, parameters, 0.01);
    check_layer(layout.value_head, parameters, 1.0);
    for (std::size_t d = 0; d < layout.log_std_count; ++d) CHECK(parameters[layout.log_std_offset + d] == -0.75F);
  }
}

TEST_CASE("The same seed gives the same bits, another seed and another layer other weights") {
  const NetworkLayout layout(
      prl::test::network_spec(8, 8, prl::ActionKind::kDiscrete, {8, 8}, false, prl::Activation::kTanh));
  const AlignedBuffer<float> parameters = initialised(layout, 3);
  const AlignedBuffer<float> same = initialised(layout, 3);
  const AlignedBuffer<float> other = initialised(layout, 4);
  CHECK(std::equal(parameters.data(), parameters.data() + parameters.size(), same.data()));
  std::vector<DenseLayer> layers;
  for (const auto& stack : layout.stacks) layers.insert(layers.end(), stack.begin(), stack.end());
  for (std::size_t a = 0; a < layers.size(); ++a) {
    const float* weights = parameters.data() + layers[a].weight_offset;
    CHECK_FALSE(std::equal(weights, weights + 64, other.data() + layers[a].weight_offset));
    for (std::size_t b = 0; b < a; ++b) {
      CHECK_FALSE(std::equal(weights, weights + 64, parameters.data() + layers[b].weight_offset));
    }
  }
}

TEST_CASE("The orthogonal factor keeps the direction of the first column, sign included") {
  // Gram and Schmidt begin with the first column (of a wide matrix: row) and only scale it, by a positive number.
  std::vector<float> tall = {3.0F, 1.0F, 0.0F, 2.0F, -4.0F, 5.0F};
  prl::make_orthogonal(tall, 3, 2);
  CHECK(std::abs(tall[0] - 0.6F) < 1e-6F);
  CHECK(std::abs(tall[2]) < 1e-6F);
  CHECK(std::abs(tall[4] + 0.8F) < 1e-6F);
  std::vector<float> wide = {3.0F, 0.0F, -4.0F, 1.0F, 2.0F, 5.0F};
  prl::make_orthogonal(wide, 2, 3);
  CHECK(std::abs(wide[0] - 0.6F) < 1e-6F);
  CHECK(std::abs(wide[2] + 0.8F) < 1e-6F);
}

TEST_CASE("Orthogonal matrices are drawn uniformly: a weight has mean zero") {
  constexpr int kSeeds = 2000;
  const NetworkLayout layout(
      prl::test::network_spec(2, 1, prl::ActionKind::kContinuous, {2}, true, prl::Activation::kTanh));
  double sum = 0.0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    sum += static_cast<double>(initialised(layout, seed)[layout.stacks[0][0].weight_offset]);
  }
  // A first entry sqrt(2) cos(angle) with the angle uniform has mean 0 and variance 1.
  CHECK(std::abs(sum / std::sqrt(static_cast<double>(kSeeds))) < 3.29);
}

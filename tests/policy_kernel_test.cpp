// The acting kernel: a row's bits depend on its observation alone, and are those of the chain written in the header.
#include "core/policy_kernel.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "core/float_math.hpp"
#include "tests/catch2.hpp"
#include "tests/network_cases.hpp"

namespace {

using prl::AlignedBuffer;
using prl::DenseLayer;
using prl::NetworkLayout;
using prl::NetworkSpec;

constexpr int kMostRows = 67;

struct Outputs {
  std::vector<float> heads;
  std::vector<float> values;
};

Outputs run(prl::PolicyKernel& kernel, const float* parameters, const float* observations, int rows) {
  const auto count = static_cast<std::size_t>(rows);
  Outputs outputs{std::vector<float>(count * static_cast<std::size_t>(kernel.layout().spec.head_size)),
                  std::vector<float>(count)};
  kernel.forward(parameters, observations, rows, outputs.heads.data(), outputs.values.data());
  return outputs;
}

// One row through one layer, a scalar multiply-add at a time.
std::vector<float> scalar_layer(const DenseLayer& layer, const float* parameters, const std::vector<float>& inputs) {
  std::vector<float> outputs;
  for (int j = 0; j < layer.outputs; ++j) {
    float sum = parameters[layer.bias_offset + static_cast<std::size_t>(j)];
    for (int k = 0; k < layer.inputs; ++k) {
      const auto at = layer.weight_offset + static_cast<std::size_t>(k * layer.outputs + j);
      sum = prl::multiply_add(inputs[static_cast<std::size_t>(k)], parameters[at], sum);
    }
    outputs.push_back(sum);
  }
  return outputs;
}

std::vector<float> scalar_stack(const NetworkLayout& layout, std::size_t stack, const float* parameters,
                                std::vector<float> row) {
  for (const DenseLayer& layer : layout.stacks[stack]) {
    row = scalar_layer(layer, parameters, row);
    for (float& h : row) {
      h = layout.spec.activation == prl::Activation::kTanh ? prl::fast_tanh(h) : std::max(h, 0.0F);
    }
  }
  return row;
}

Outputs scalar_row(const NetworkLayout& layout, const float* parameters, const float* observation) {
  const std::vector<float> row(observation, observation + layout.spec.observation_size);
  const std::vector<float> policy = scalar_stack(layout, 0, parameters, row);
  const std::vector<float> value = scalar_stack(layout, layout.value_stack(), parameters, row);
  return {scalar_layer(layout.policy_head, parameters, policy), scalar_layer(layout.value_head, parameters, value)};
}

std::size_t observation_floats(const NetworkSpec& spec, int rows) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(spec.observation_size);
}

}  // namespace

TEST_CASE("Every row has the bits of the scalar chain of multiply-adds") {
  for (const NetworkSpec& spec : prl::test::network_cases()) {
    CAPTURE(prl::test::describe(spec));
    const NetworkLayout layout(spec);
    const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
    const AlignedBuffer<float> observations = prl::test::random_normals(observation_floats(spec, kMostRows), 2);
    prl::PolicyKernel kernel(layout, kMostRows);
    const Outputs outputs = run(kernel, parameters.data(), observations.data(), kMostRows);
    for (int r = 0; r < kMostRows; ++r) {
      const Outputs expected = scalar_row(layout, parameters.data(), observations.data() + r * spec.observation_size);
      const float* head = outputs.heads.data() + r * spec.head_size;
      REQUIRE(std::equal(expected.heads.begin(), expected.heads.end(), head));
      REQUIRE(outputs.values[static_cast<std::size_t>(r)] == expected.values[0]);
    }
  }
}

TEST_CASE("A row's bits depend neither on the size of the batch nor on its place in it") {
  std::vector<NetworkSpec> cases = prl::test::network_cases();
  cases.push_back(
      prl::test::network_spec(3, 1, prl::ActionKind::kContinuous, {256, 256}, true, prl::Activation::kTanh));
  for (const NetworkSpec& spec : cases) {
    CAPTURE(prl::test::describe(spec));
    const NetworkLayout layout(spec);
    const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
    // Twice the rows, the second half a copy of the first, so that a batch may begin at any of them.
    AlignedBuffer<float> observations = prl::test::random_normals(2 * observation_floats(spec, kMostRows), 2);
    std::copy_n(observations.data(), observation_floats(spec, kMostRows),
                observations.data() + observation_floats(spec, kMostRows));
    prl::PolicyKernel kernel(layout, kMostRows);
    const Outputs whole = run(kernel, parameters.data(), observations.data(), kMostRows);
    for (int rows = 1; rows <= kMostRows; ++rows) {
      const int first = rows * 29 % kMostRows;
      const Outputs part = run(kernel, parameters.data(), observations.data() + observation_floats(spec, first), rows);
      for (int i = 0; i < rows; ++i) {
        const int r = (first + i) % kMostRows;
        REQUIRE(part.values[static_cast<std::size_t>(i)] == whole.values[static_cast<std::size_t>(r)]);
        for (int k = 0; k < spec.head_size; ++k) {
          REQUIRE(part.heads[static_cast<std::size_t>(i * spec.head_size + k)] ==
                  whole.heads[static_cast<std::size_t>(r * spec.head_size + k)]);
        }
      }
    }
  }
}

TEST_CASE("The value alone has the bits of the full forward pass") {
  for (const NetworkSpec& spec : prl::test::network_cases()) {
    const NetworkLayout layout(spec);
    const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
    const AlignedBuffer<float> observations = prl::test::random_normals(observation_floats(spec, 21), 2);
    prl::PolicyKernel kernel(layout, 21);
    const Outputs outputs = run(kernel, parameters.data(), observations.data(), 21);
    std::vector<float> values(21);
    kernel.forward_value(parameters.data(), observations.data(), 21, values.data());
    CHECK(values == outputs.values);
  }
}

TEST_CASE("Parameters and observations may lie at any address") {
  const NetworkSpec spec = prl::test::network_cases().front();
  const NetworkLayout layout(spec);
  const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
  const AlignedBuffer<float> observations = prl::test::random_normals(observation_floats(spec, 19), 2);
  prl::PolicyKernel kernel(layout, 19);
  const Outputs expected = run(kernel, parameters.data(), observations.data(), 19);
  for (std::size_t offset = 1; offset < 16; ++offset) {
    AlignedBuffer<float> moved(parameters.size() + offset);
    AlignedBuffer<float> moved_observations(observations.size() + offset);
    std::copy_n(parameters.data(), parameters.size(), moved.data() + offset);
    std::copy_n(observations.data(), observations.size(), moved_observations.data() + offset);
    const Outputs outputs = run(kernel, moved.data() + offset, moved_observations.data() + offset, 19);
    REQUIRE(outputs.heads == expected.heads);
    REQUIRE(outputs.values == expected.values);
  }
}

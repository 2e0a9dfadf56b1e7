// The hand-written backward pass against central differences in double precision and against LibTorch's autograd.
#include "algorithms/flat_network.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

#include "algorithms/autograd_network.hpp"
#include "core/policy_kernel.hpp"
#include "tests/catch2.hpp"
#include "tests/network_cases.hpp"

namespace {

using prl::AlignedBuffer;
using prl::DenseLayer;
using prl::NetworkLayout;
using prl::NetworkSpec;

// A network with its parameters, and the weights of the scalar  sum d_heads heads + sum d_values values.
struct Problem {
  Problem(const NetworkSpec& spec, int row_count)
      : layout(spec),
        rows(row_count),
        parameters(prl::test::random_parameters(layout)),
        observations(prl::test::random_normals(size(spec.observation_size), 2)),
        d_heads(prl::test::random_normals(size(spec.head_size), 3)),
        d_values(prl::test::random_normals(size(1), 4)) {}

  std::size_t size(int columns) const { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns); }

  NetworkLayout layout;
  int rows;
  AlignedBuffer<float> parameters;
  AlignedBuffer<float> observations;
  AlignedBuffer<float> d_heads;
  AlignedBuffer<float> d_values;
};

std::vector<double> layer_outputs(const DenseLayer& layer, const std::vector<double>& parameters,
                                  const std::vector<double>& inputs) {
  std::vector<double> outputs(parameters.begin() + static_cast<std::ptrdiff_t>(layer.bias_offset),
                              parameters.begin() + static_cast<std::ptrdiff_t>(layer.bias_offset) + layer.outputs);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    for (std::size_t j = 0; j < outputs.size(); ++j) {
      outputs[j] += inputs[k] * parameters[layer.weight_offset + k * outputs.size() + j];
    }
  }
  return outputs;
}

std::vector<double> stack_outputs(const NetworkLayout& layout, std::size_t stack, const std::vector<double>& parameters,
                                  std::vector<double> row) {
  for (const DenseLayer& layer : layout.stacks[stack]) {
    row = layer_outputs(layer, parameters, row);
    for (double& h : row) h = layout.spec.activation == prl::Activation::kTanh ? std::tanh(h) : std::max(h, 0.0);
  }
  return row;
}

double weighted_outputs(const Problem& problem, const std::vector<double>& parameters) {
  const NetworkSpec& spec = problem.layout.spec;
  double sum = 0.0;
  for (int r = 0; r < problem.rows; ++r) {
    const float* observation = problem.observations.data() + r * spec.observation_size;
    const std::vector<double> row(observation, observation + spec.observation_size);
    const auto heads =
        layer_outputs(problem.layout.policy_head, parameters, stack_outputs(problem.layout, 0, parameters, row));
    const auto value = layer_outputs(problem.layout.value_head, parameters,
                                     stack_outputs(problem.layout, problem.layout.value_stack(), parameters, row));
    const float* d_head = problem.d_heads.data() + r * spec.head_size;
    for (std::size_t k = 0; k < heads.size(); ++k) sum += static_cast<double>(d_head[k]) * heads[k];
    sum += static_cast<double>(problem.d_values[static_cast<std::size_t>(r)]) * value[0];
  }
  return sum;
}

struct Pass {
  std::vector<float> heads;
  std::vector<float> values;
  std::vector<float> gradient;
};

// `gradient` starts from rubbish, which the backward pass must overwrite everywhere but at the log standard deviations.
constexpr float kRubbish = 1000.0F;

Pass run(prl::DifferentiableNetwork& network, const Problem& problem) {
  Pass pass{std::vector<float>(problem.d_heads.size()), std::vector<float>(problem.d_values.size()), {}};
  AlignedBuffer<float> gradient(problem.layout.parameter_count);
  std::fill_n(gradient.data(), gradient.size(), kRubbish);
  network.forward(problem.parameters.data(), problem.observations.data(), problem.rows, pass.heads.data(),
                  pass.values.data());
  network.backward(problem.parameters.data(), problem.d_heads.data(), problem.d_values.data(), gradient.span());
  pass.gradient.assign(gradient.data(), gradient.data() + gradient.size());
  return pass;
}

double largest(const std::vector<float>& values, std::size_t count) {
  double most = 0.0;
  for (std::size_t i = 0; i < count; ++i) most = std::max(most, std::abs(static_cast<double>(values[i])));
  return most;
}

// Differences relative to the largest element of `expected`, over the weights and biases.
double largest_difference(const std::vector<float>& actual, const std::vector<float>& expected, std::size_t count) {
  double most = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    most = std::max(most, std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i])));
  }
  return most / largest(expected, count);
}

}  // namespace

TEST_CASE("The gradient equals central differences of the network in double precision") {
  for (const NetworkSpec& spec : prl::test::network_cases()) {
    if (spec.hidden.size() == 2 && spec.hidden[0] == 64) continue;
    CAPTURE(prl::test::describe(spec));
    const Problem problem(spec, 7);
    prl::FlatNetwork network(problem.layout, 7);
    const Pass pass = run(network, problem);
    std::vector<double> parameters(problem.parameters.data(), problem.parameters.data() + problem.parameters.size());
    const double scale = largest(pass.gradient, problem.layout.log_std_offset);
    constexpr double kStep = 1e-6;
    for (std::size_t i = 0; i < problem.layout.log_std_offset; ++i) {
      const double at = parameters[i];
      parameters[i] = at + kStep;
      const double above = weighted_outputs(problem, parameters);
      parameters[i] = at - kStep;
      const double below = weighted_outputs(problem, parameters);
      parameters[i] = at;
      CAPTURE(i);
      REQUIRE(std::abs(static_cast<double>(pass.gradient[i]) - (above - below) / (2.0 * kStep)) < 1e-5 * scale);
    }
  }
}

TEST_CASE("Outputs and gradient equal those of LibTorch's autograd") {
  prl::use_one_torch_thread();
  for (const NetworkSpec& spec : prl::test::network_cases()) {
    for (const int rows : {1, 7, 64}) {
      CAPTURE(prl::test::describe(spec), rows);
      const Problem problem(spec, rows);
      prl::FlatNetwork flat(problem.layout, rows);
      prl::AutogradNetwork autograd(problem.layout);
      const Pass own = run(flat, problem);
      const Pass reference = run(autograd, problem);
      CHECK(largest_difference(own.heads, reference.heads, own.heads.size()) < 1e-5);
      CHECK(largest_difference(own.values, reference.values, own.values.size()) < 1e-5);
      CHECK(largest_difference(own.gradient, reference.gradient, problem.layout.log_std_offset) < 1e-5);
    }
  }
}

TEST_CASE("Forward bits are those of the acting kernel") {
  for (const NetworkSpec& spec : prl::test::network_cases()) {
    for (const int rows : {1, 7, 64}) {
      CAPTURE(prl::test::describe(spec), rows);
      const Problem problem(spec, rows);
      prl::FlatNetwork network(problem.layout, 64);
      const Pass pass = run(network, problem);
      prl::PolicyKernel kernel(problem.layout, rows);
      std::vector<float> heads(pass.heads.size()), values(pass.values.size());
      kernel.forward(problem.parameters.data(), problem.observations.data(), rows, heads.data(), values.data());
      CHECK(pass.heads == heads);
      CHECK(pass.values == values);
    }
  }
}

TEST_CASE("A backward pass writes every weight and bias and leaves the log standard deviations alone") {
  for (const NetworkSpec& spec : prl::test::network_cases()) {
    const Problem problem(spec, 7);
    prl::FlatNetwork flat(problem.layout, 64);
    prl::AutogradNetwork autograd(problem.layout);
    for (prl::DifferentiableNetwork* network :
         {static_cast<prl::DifferentiableNetwork*>(&flat), static_cast<prl::DifferentiableNetwork*>(&autograd)}) {
      const Pass pass = run(*network, problem);
      const auto log_std = pass.gradient.begin() + static_cast<std::ptrdiff_t>(problem.layout.log_std_offset);
      CHECK(std::count(pass.gradient.begin(), log_std, kRubbish) == 0);
      CHECK(std::count(log_std, pass.gradient.end(), kRubbish) ==
            static_cast<std::ptrdiff_t>(problem.layout.log_std_count));
    }
  }
}

TEST_CASE("A pass leaves nothing behind for the next one") {
  for (const NetworkSpec& spec : prl::test::network_cases()) {
    const Problem problem(spec, 7);
    const Problem larger(spec, 64);
    prl::FlatNetwork fresh(problem.layout, 64);
    prl::FlatNetwork used(problem.layout, 64);
    run(used, larger);
    const Pass expected = run(fresh, problem);
    const Pass actual = run(used, problem);
    CHECK(actual.heads == expected.heads);
    CHECK(actual.values == expected.values);
    CHECK(actual.gradient == expected.gradient);
  }
}

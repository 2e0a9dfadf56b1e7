// Networks, the matrix product and action distributions against LibTorch's own modules and functions.
#include <torch/torch.h>

#include <cmath>
#include <cstddef>
#include <vector>

// First, for its macro CHECK.
#include "tests/torch_reference.hpp"

#include "algorithms/flat_network.hpp"
#include "core/action_distribution.hpp"
#include "core/matrix_product.hpp"
#include "core/policy_kernel.hpp"
#include "tests/catch2.hpp"
#include "tests/network_cases.hpp"

namespace {

using prl::AlignedBuffer;
using prl::NetworkLayout;
using prl::NetworkSpec;
using prl::test::tensor_of;
using prl::test::TorchNetwork;

double largest_difference(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).abs().max().item<double>(); }

std::vector<NetworkSpec> cases_and_presets() {
  std::vector<NetworkSpec> cases = prl::test::network_cases();
  for (const bool shared : {true, false}) {
    cases.push_back(
        prl::test::network_spec(3, 1, prl::ActionKind::kContinuous, {256, 256}, shared, prl::Activation::kTanh));
  }
  return cases;
}

}  // namespace

TEST_CASE("Outputs and gradients equal those of torch::nn::Sequential with the same weights") {
  at::set_num_threads(1);
  for (const NetworkSpec& spec : cases_and_presets()) {
    for (const int rows : {1, 7, 64}) {
      CAPTURE(prl::test::describe(spec), rows);
      const NetworkLayout layout(spec);
      const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
      const auto floats = [&](int columns) { return static_cast<std::size_t>(rows * columns); };
      const AlignedBuffer<float> observations = prl::test::random_normals(floats(spec.observation_size), 2);
      const AlignedBuffer<float> d_heads = prl::test::random_normals(floats(spec.head_size), 3);
      const AlignedBuffer<float> d_values = prl::test::random_normals(floats(1), 4);
      AlignedBuffer<float> heads(floats(spec.head_size)), values(floats(1)), gradient(layout.parameter_count);
      prl::FlatNetwork network(layout, rows);
      network.forward(parameters.data(), observations.data(), rows, heads.data(), values.data());
      network.backward(parameters.data(), d_heads.data(), d_values.data(), gradient.span());

      TorchNetwork reference(layout, parameters.data(), torch::kFloat64);
      const auto outputs =
          reference.forward(tensor_of(observations.data(), rows, spec.observation_size, torch::kFloat64));
      const torch::Tensor weighted_heads =
          outputs.heads * tensor_of(d_heads.data(), rows, spec.head_size, torch::kFloat64);
      const torch::Tensor weighted_values =
          outputs.values * tensor_of(d_values.data(), rows, 1, torch::kFloat64).squeeze(1);
      (weighted_heads.sum() + weighted_values.sum()).backward();

      const torch::Tensor own_heads = tensor_of(heads.data(), rows, spec.head_size, torch::kFloat64);
      const torch::Tensor own_values = tensor_of(values.data(), rows, 1, torch::kFloat64).squeeze(1);
      CHECK(largest_difference(own_heads, outputs.heads) < 1e-5);
      CHECK(largest_difference(own_values, outputs.values) < 1e-5);
      CHECK(prl::test::relative_distance(gradient.span(), reference.flat_gradient()) < 2e-6);
    }
  }
}

TEST_CASE("The acting kernel agrees with torch::nn::Sequential in single precision within 1e-5") {
  at::set_num_threads(1);
  constexpr int kRows = 67;
  for (const NetworkSpec& spec : cases_and_presets()) {
    CAPTURE(prl::test::describe(spec));
    const NetworkLayout layout(spec);
    const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
    const AlignedBuffer<float> observations =
        prl::test::random_normals(static_cast<std::size_t>(kRows * spec.observation_size), 2);
    AlignedBuffer<float> heads(static_cast<std::size_t>(kRows * spec.head_size)), values(kRows);
    prl::PolicyKernel kernel(layout, kRows);
    kernel.forward(parameters.data(), observations.data(), kRows, heads.data(), values.data());
    TorchNetwork reference(layout, parameters.data(), torch::kFloat32);
    const auto outputs =
        reference.forward(tensor_of(observations.data(), kRows, spec.observation_size, torch::kFloat32));
    CHECK(largest_difference(tensor_of(heads.data(), kRows, spec.head_size, torch::kFloat32), outputs.heads) < 1e-5);
    CHECK(largest_difference(tensor_of(values.data(), kRows, 1, torch::kFloat32).squeeze(1), outputs.values) < 1e-5);
  }
}

TEST_CASE("The matrix product agrees with LibTorch's addmm") {
  at::set_num_threads(1);
  constexpr int kRows = 33, kColumns = 70, kDepth = 129;
  const AlignedBuffer<float> a = prl::test::random_normals(kRows * kDepth, 1, 0.1F);
  const AlignedBuffer<float> b = prl::test::random_normals(kDepth * kColumns, 2);
  const AlignedBuffer<float> bias = prl::test::random_normals(kColumns, 3);
  AlignedBuffer<float> c(kRows * kColumns);
  prl::multiply({.rows = kRows,
                 .columns = kColumns,
                 .depth = kDepth,
                 .a = a.data(),
                 .a_row_stride = kDepth,
                 .a_depth_stride = 1,
                 .b = b.data(),
                 .b_stride = kColumns,
                 .bias = bias.data(),
                 .c = c.data(),
                 .c_stride = kColumns});
  const torch::Tensor expected = torch::addmm(tensor_of(bias.data(), 1, kColumns, torch::kFloat32),
                                              tensor_of(a.data(), kRows, kDepth, torch::kFloat32),
                                              tensor_of(b.data(), kDepth, kColumns, torch::kFloat32));
  CHECK(largest_difference(tensor_of(c.data(), kRows, kColumns, torch::kFloat32), expected) < 1e-5);
}

TEST_CASE("Categorical log-probabilities agree with LibTorch's log_softmax") {
  for (const int count : {2, 5, 18}) {
    const AlignedBuffer<float> logits = prl::test::random_normals(static_cast<std::size_t>(100 * count), 5, 4.0F);
    const torch::Tensor expected = torch::log_softmax(tensor_of(logits.data(), 100, count, torch::kFloat64), 1);
    for (int r = 0; r < 100; ++r) {
      for (int k = 0; k < count; ++k) {
        const auto own = static_cast<double>(prl::categorical_log_prob(logits.data() + r * count, count, k));
        REQUIRE(std::abs(own - expected[r][k].item<double>()) < 4e-6);
      }
    }
  }
}

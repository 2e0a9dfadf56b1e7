#include "benchmarks/torch_policy.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <vector>

namespace prl {
namespace {

torch::nn::Linear make_linear(const DenseLayer& layer, const float* parameters) {
  torch::nn::Linear linear(layer.inputs, layer.outputs);
  const torch::InferenceMode guard;
  // from_blob takes no pointer to const; nothing here writes through it.
  float* weight = const_cast<float*>(parameters) + layer.weight_offset;
  float* bias = const_cast<float*>(parameters) + layer.bias_offset;
  // Modules keep [outputs][inputs].
  linear->weight.data().copy_(torch::from_blob(weight, {layer.inputs, layer.outputs}).t());
  linear->bias.data().copy_(torch::from_blob(bias, {layer.outputs}));
  return linear;
}

torch::nn::Sequential make_stack(const std::vector<DenseLayer>& layers, Activation activation,
                                 const float* parameters) {
  torch::nn::Sequential stack;
  for (const DenseLayer& layer : layers) {
    stack->push_back(make_linear(layer, parameters));
    if (activation == Activation::kTanh) {
      stack->push_back(torch::nn::Tanh());
    } else {
      stack->push_back(torch::nn::ReLU());
    }
  }
  return stack;
}

}  // namespace

struct TorchPolicy::Modules {
  int observation_size;
  bool shared_trunk;
  torch::nn::Sequential policy_stack;
  torch::nn::Sequential value_stack;
  torch::nn::Linear policy_head;
  torch::nn::Linear value_head;
};

TorchPolicy::TorchPolicy(const NetworkLayout& layout, const float* parameters)
    : modules_(std::make_unique<Modules>(
          Modules{layout.spec.observation_size, layout.spec.shared_trunk,
                  make_stack(layout.stacks.front(), layout.spec.activation, parameters),
                  make_stack(layout.stacks[layout.value_stack()], layout.spec.activation, parameters),
                  make_linear(layout.policy_head, parameters), make_linear(layout.value_head, parameters)})) {}

TorchPolicy::~TorchPolicy() = default;

void TorchPolicy::forward(const float* observations, int rows, float* heads, float* values) {
  const torch::InferenceMode guard;
  Modules& m = *modules_;
  const torch::Tensor x = torch::from_blob(const_cast<float*>(observations), {rows, m.observation_size});
  const torch::Tensor policy = m.policy_stack->forward(x);
  const torch::Tensor value = m.shared_trunk ? policy : m.value_stack->forward(x);
  const torch::Tensor head_rows = m.policy_head->forward(policy);
  const torch::Tensor value_rows = m.value_head->forward(value);
  std::copy_n(head_rows.const_data_ptr<float>(), head_rows.numel(), heads);
  std::copy_n(value_rows.const_data_ptr<float>(), value_rows.numel(), values);
}

}  // namespace prl

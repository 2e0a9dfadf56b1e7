#include "algorithms/autograd_network.hpp"

#include <torch/torch.h>

#include <vector>

namespace prl {
namespace {

struct DenseTensors {
  torch::Tensor weight;
  torch::Tensor bias;
};

// A tensor that views the caller's floats. from_blob takes no pointer to const; nothing here writes through it.
torch::Tensor view_of(const float* data, std::vector<std::int64_t> shape) {
  return torch::from_blob(const_cast<float*>(data), shape, torch::kFloat32);
}

void copy_out(const torch::Tensor& tensor, float* target) {
  torch::from_blob(target, tensor.sizes(), torch::kFloat32).copy_(tensor.detach());
}

}  // namespace

struct AutogradNetwork::Graph {
  explicit Graph(const NetworkLayout& network) : layout(network) {}

  DenseTensors leaf(const DenseLayer& layer, const float* parameters) {
    return {view_of(parameters + layer.weight_offset, {layer.inputs, layer.outputs}).requires_grad_(),
            view_of(parameters + layer.bias_offset, {layer.outputs}).requires_grad_()};
  }

  torch::Tensor activated(const torch::Tensor& x) const {
    return layout.spec.activation == Activation::kTanh ? torch::tanh(x) : torch::relu(x);
  }

  torch::Tensor run_stack(std::size_t stack, const float* parameters, torch::Tensor x) {
    for (const DenseLayer& layer : layout.stacks[stack]) {
      layers.push_back(layer);
      tensors.push_back(leaf(layer, parameters));
      x = activated(torch::addmm(tensors.back().bias, x, tensors.back().weight));
    }
    return x;
  }

  torch::Tensor run_head(const DenseLayer& head, const float* parameters, const torch::Tensor& x) {
    layers.push_back(head);
    tensors.push_back(leaf(head, parameters));
    return torch::addmm(tensors.back().bias, x, tensors.back().weight);
  }

  NetworkLayout layout;
  std::vector<DenseLayer> layers;
  std::vector<DenseTensors> tensors;
  torch::Tensor heads;
  torch::Tensor values;
};

AutogradNetwork::AutogradNetwork(const NetworkLayout& layout) : graph_(std::make_unique<Graph>(layout)) {}
AutogradNetwork::~AutogradNetwork() = default;

void AutogradNetwork::forward_part(int /*part*/, const float* parameters, const float* observations, int rows,
                                   float* heads, float* values) {
  Graph& graph = *graph_;
  graph.layers.clear();
  graph.tensors.clear();
  const torch::Tensor x = view_of(observations, {rows, graph.layout.spec.observation_size});
  const torch::Tensor policy = graph.run_stack(0, parameters, x);
  const torch::Tensor value =
      graph.layout.spec.shared_trunk ? policy : graph.run_stack(graph.layout.value_stack(), parameters, x);
  graph.heads = graph.run_head(graph.layout.policy_head, parameters, policy);
  graph.values = graph.run_head(graph.layout.value_head, parameters, value);
  copy_out(graph.heads, heads);
  copy_out(graph.values, values);
}

void AutogradNetwork::backward_part(int /*part*/, const float* /*parameters*/, const float* d_heads,
                                    const float* d_values, std::span<float> gradient) {
  Graph& graph = *graph_;
  torch::autograd::backward({graph.heads, graph.values}, {view_of(d_heads, graph.heads.sizes().vec()),
                                                          view_of(d_values, graph.values.sizes().vec())});
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    copy_out(graph.tensors[i].weight.grad(), gradient.data() + graph.layers[i].weight_offset);
    copy_out(graph.tensors[i].bias.grad(), gradient.data() + graph.layers[i].bias_offset);
  }
}

void use_one_torch_thread() { at::set_num_threads(1); }

}  // namespace prl

// The actor-critic network built from torch::nn modules, with weights copied from and to the suite's flat buffer: an
// implementation that shares no code with the one under test.
//
// Include it before Catch2: LibTorch's logging header has a macro CHECK of its own, which is taken back here.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/network_layout.hpp"

#undef CHECK

namespace prl::test {

// A copy of `rows` times `columns` floats as a tensor of another precision.
inline torch::Tensor tensor_of(const float* values, std::int64_t rows, std::int64_t columns, torch::Dtype type) {
  // from_blob takes no pointer to const; the copy is what is used.
  return torch::from_blob(const_cast<float*>(values), {rows, columns}, torch::kFloat32).clone().to(type);
}

class TorchNetwork {
 public:
  TorchNetwork(const NetworkLayout& layout, const float* parameters, torch::Dtype type) : layout_(layout) {
    for (const auto& stack : layout_.stacks) stacks_.push_back(make_stack(stack, parameters, type));
    policy_head_ = make_linear(layout_.policy_head, parameters, type);
    value_head_ = make_linear(layout_.value_head, parameters, type);
    const auto size = static_cast<std::int64_t>(layout_.log_std_count);
    log_std_ = tensor_of(parameters + layout_.log_std_offset, 1, size, type).view({size}).requires_grad_();
  }

  struct Outputs {
    torch::Tensor heads;   // [rows][head_size]
    torch::Tensor values;  // [rows]
  };

  Outputs forward(const torch::Tensor& observations) {
    const torch::Tensor policy = stacks_.front()->forward(observations);
    const torch::Tensor value = stacks_.size() == 1 ? policy : stacks_.back()->forward(observations);
    return {policy_head_(policy), value_head_(value).squeeze(1)};
  }

  const torch::Tensor& log_std() const { return log_std_; }

  std::vector<torch::Tensor> tensors() const {
    std::vector<torch::Tensor> all;
    for (const Placed& p : placed_) {
      all.push_back(p.linear->weight);
      all.push_back(p.linear->bias);
    }
    if (layout_.log_std_count > 0) all.push_back(log_std_);
    return all;
  }

  // Parameters, or their gradients, in the flat layout.
  std::vector<double> flat_parameters() const {
    return flat([](const torch::Tensor& t) { return t; });
  }
  std::vector<double> flat_gradient() const {
    return flat([](const torch::Tensor& t) { return t.grad().defined() ? t.grad() : torch::zeros_like(t); });
  }

 private:
  struct Placed {
    DenseLayer layer;
    torch::nn::Linear linear;
  };

  torch::nn::Linear make_linear(const DenseLayer& layer, const float* parameters, torch::Dtype type) {
    torch::nn::Linear linear(layer.inputs, layer.outputs);
    linear->to(type);
    const torch::NoGradGuard no_gradient;
    // torch keeps [outputs][inputs].
    linear->weight.copy_(tensor_of(parameters + layer.weight_offset, layer.inputs, layer.outputs, type).t());
    linear->bias.copy_(tensor_of(parameters + layer.bias_offset, 1, layer.outputs, type).view({layer.outputs}));
    placed_.push_back({layer, linear});
    return linear;
  }

  torch::nn::Sequential make_stack(const std::vector<DenseLayer>& layers, const float* parameters, torch::Dtype type) {
    torch::nn::Sequential stack;
    for (const DenseLayer& layer : layers) {
      stack->push_back(make_linear(layer, parameters, type));
      if (layout_.spec.activation == Activation::kTanh) {
        stack->push_back(torch::nn::Tanh());
      } else {
        stack->push_back(torch::nn::ReLU());
      }
    }
    return stack;
  }

  template <typename Select>
  std::vector<double> flat(Select select) const {
    std::vector<double> values(layout_.parameter_count);
    const auto place = [&](const torch::Tensor& tensor, std::size_t offset) {
      const torch::Tensor row = tensor.detach().to(torch::kFloat64).contiguous();
      std::copy_n(row.data_ptr<double>(), row.numel(), values.data() + offset);
    };
    for (const Placed& p : placed_) {
      place(select(p.linear->weight).t(), p.layer.weight_offset);
      place(select(p.linear->bias), p.layer.bias_offset);
    }
    place(select(log_std_), layout_.log_std_offset);
    return values;
  }

  NetworkLayout layout_;
  std::vector<Placed> placed_;
  std::vector<torch::nn::Sequential> stacks_;
  torch::nn::Linear policy_head_{nullptr};
  torch::nn::Linear value_head_{nullptr};
  torch::Tensor log_std_;
};

// sum (a - b)^2 relative to sum b^2, its root.
inline double relative_distance(std::span<const float> a, const std::vector<double>& b) {
  double difference = 0.0;
  double norm = 0.0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    norm += b[i] * b[i];
  }
  return std::sqrt(difference / norm);
}

}  // namespace prl::test

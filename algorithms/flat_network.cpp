#include "algorithms/flat_network.hpp"

#include <algorithm>
#include <array>

#include "core/matrix_product.hpp"
#include "core/policy_kernel.hpp"
#include "core/transpose.hpp"

namespace prl {
namespace {

std::size_t area(int rows, int columns) { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns); }

// dW = x^T dy into the layer's weights, db = column sums of dy into its biases.
void dense_gradient(const DenseLayer& layer, const float* inputs, const float* d_outputs, int rows,
                    std::span<float> gradient) {
  multiply({.rows = layer.inputs,
            .columns = layer.outputs,
            .depth = rows,
            .a = inputs,
            .a_row_stride = 1,
            .a_depth_stride = layer.inputs,
            .b = d_outputs,
            .b_stride = layer.outputs,
            .bias = nullptr,
            .c = gradient.data() + layer.weight_offset,
            .c_stride = layer.outputs});
  float* bias = gradient.data() + layer.bias_offset;
  std::fill_n(bias, layer.outputs, 0.0F);
  for (int r = 0; r < rows; ++r) {
    const float* row = d_outputs + static_cast<std::ptrdiff_t>(r) * layer.outputs;
    for (int j = 0; j < layer.outputs; ++j) bias[j] += row[j];
  }
}

// delta <- delta * act'(h), with the derivative written in terms of the activation h itself.
void pass_back_activation(Activation activation, const float* h, std::size_t count, float* delta) {
  if (activation == Activation::kTanh) {
    for (std::size_t i = 0; i < count; ++i) delta[i] *= 1.0F - h[i] * h[i];
  } else {
    for (std::size_t i = 0; i < count; ++i) delta[i] = h[i] > 0.0F ? delta[i] : 0.0F;
  }
}

}  // namespace

FlatNetwork::FlatNetwork(const NetworkLayout& layout, int max_rows) : layout_(layout) {
  const int width = layout_.widest_layer();
  for (const auto& stack : layout_.stacks) {
    StackActivations buffers;
    for (const DenseLayer& layer : stack) buffers.emplace_back(area(max_rows, layer.outputs));
    activations_.push_back(std::move(buffers));
  }
  delta_ = AlignedBuffer<float>(area(max_rows, width));
  delta_transposed_ = AlignedBuffer<float>(area(max_rows, width));
  below_transposed_ = AlignedBuffer<float>(area(max_rows, width));
  joined_outputs_ = AlignedBuffer<float>(area(max_rows, layout_.spec.head_size + 1));
  joined_weights_ = AlignedBuffer<float>(area(layout_.spec.head_size + 1, width));
  head_scratch_ = AlignedBuffer<float>(area(layout_.spec.head_size, width));
}

void FlatNetwork::forward_stack(const float* parameters, std::size_t stack) {
  const float* inputs = observations_;
  for (std::size_t l = 0; l < layout_.stacks[stack].size(); ++l) {
    const DenseLayer& layer = layout_.stacks[stack][l];
    float* outputs = activations_[stack][l].data();
    forward_dense(layer, parameters, inputs, rows_, outputs);
    activate(layout_.spec.activation, outputs, rows_ * layer.outputs);
    inputs = outputs;
  }
}

void FlatNetwork::forward(const float* parameters, const float* observations, int rows, float* heads, float* values) {
  rows_ = rows;
  observations_ = observations;
  for (std::size_t s = 0; s < layout_.stacks.size(); ++s) forward_stack(parameters, s);
  forward_dense(layout_.policy_head, parameters, activations_.front().back().data(), rows, heads);
  forward_dense(layout_.value_head, parameters, activations_.back().back().data(), rows, values);
}

void FlatNetwork::head_gradient(const DenseLayer& head, const float* inputs, const float* d_outputs,
                                std::span<float> gradient) {
  // The few outputs of a head would leave most lanes empty: the transposed product has them as rows.
  multiply({.rows = head.outputs,
            .columns = head.inputs,
            .depth = rows_,
            .a = d_outputs,
            .a_row_stride = 1,
            .a_depth_stride = head.outputs,
            .b = inputs,
            .b_stride = head.inputs,
            .bias = nullptr,
            .c = head_scratch_.data(),
            .c_stride = head.inputs});
  transpose(head_scratch_.data(), head.outputs, head.inputs, gradient.data() + head.weight_offset);
  for (int j = 0; j < head.outputs; ++j) {
    float sum = 0.0F;
    for (int r = 0; r < rows_; ++r) sum += d_outputs[r * head.outputs + j];
    gradient[head.bias_offset + static_cast<std::size_t>(j)] = sum;
  }
}

void FlatNetwork::pass_back_heads(const float* parameters, std::span<const DenseLayer> heads,
                                  std::span<const float* const> d_outputs) {
  const int width = heads.front().inputs;
  int depth = 0;
  for (const DenseLayer& head : heads) depth += head.outputs;
  int column = 0;
  for (std::size_t h = 0; h < heads.size(); ++h) {
    const int outputs = heads[h].outputs;
    transpose(parameters + heads[h].weight_offset, width, outputs, joined_weights_.data() + area(column, width));
    for (int r = 0; r < rows_; ++r) {
      std::copy_n(d_outputs[h] + r * outputs, outputs, joined_outputs_.data() + r * depth + column);
    }
    column += outputs;
  }
  multiply({.rows = rows_,
            .columns = width,
            .depth = depth,
            .a = joined_outputs_.data(),
            .a_row_stride = depth,
            .a_depth_stride = 1,
            .b = joined_weights_.data(),
            .b_stride = width,
            .bias = nullptr,
            .c = delta_.data(),
            .c_stride = width});
}

void FlatNetwork::backward_stack(const float* parameters, std::size_t stack, std::span<float> gradient) {
  const auto& layers = layout_.stacks[stack];
  for (std::size_t l = layers.size(); l-- > 0;) {
    const DenseLayer& layer = layers[l];
    pass_back_activation(layout_.spec.activation, activations_[stack][l].data(), area(rows_, layer.outputs),
                         delta_.data());
    const float* inputs = l == 0 ? observations_ : activations_[stack][l - 1].data();
    dense_gradient(layer, inputs, delta_.data(), rows_, gradient);
    if (l == 0) return;
    // dx = dy W^T as (W dy^T)^T: transposing two small matrices is cheaper than the weights.
    transpose(delta_.data(), rows_, layer.outputs, delta_transposed_.data());
    multiply({.rows = layer.inputs,
              .columns = rows_,
              .depth = layer.outputs,
              .a = parameters + layer.weight_offset,
              .a_row_stride = layer.outputs,
              .a_depth_stride = 1,
              .b = delta_transposed_.data(),
              .b_stride = rows_,
              .bias = nullptr,
              .c = below_transposed_.data(),
              .c_stride = rows_});
    transpose(below_transposed_.data(), layer.inputs, rows_, delta_.data());
  }
}

void FlatNetwork::backward(const float* parameters, const float* d_heads, const float* d_values,
                           std::span<float> gradient) {
  const DenseLayer& policy = layout_.policy_head;
  const DenseLayer& value = layout_.value_head;
  head_gradient(policy, activations_.front().back().data(), d_heads, gradient);
  head_gradient(value, activations_.back().back().data(), d_values, gradient);
  if (layout_.spec.shared_trunk) {
    pass_back_heads(parameters, std::array{policy, value}, std::array{d_heads, d_values});
    backward_stack(parameters, 0, gradient);
    return;
  }
  pass_back_heads(parameters, std::array{policy}, std::array{d_heads});
  backward_stack(parameters, 0, gradient);
  pass_back_heads(parameters, std::array{value}, std::array{d_values});
  backward_stack(parameters, layout_.value_stack(), gradient);
}

}  // namespace prl

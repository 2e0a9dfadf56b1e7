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
  for (const auto& layers : layout_.stacks) {
    Stack& stack = stacks_.emplace_back();
    for (const DenseLayer& layer : layers) stack.activations.emplace_back(area(max_rows, layer.outputs));
    stack.delta = AlignedBuffer<float>(area(max_rows, width));
    stack.delta_transposed = AlignedBuffer<float>(area(max_rows, width));
    stack.below_transposed = AlignedBuffer<float>(area(max_rows, width));
    stack.joined_outputs = AlignedBuffer<float>(area(max_rows, layout_.spec.head_size + 1));
    stack.joined_weights = AlignedBuffer<float>(area(layout_.spec.head_size + 1, width));
    stack.head_scratch = AlignedBuffer<float>(area(layout_.spec.head_size, width));
  }
}

void FlatNetwork::forward_part(int part, const float* parameters, const float* observations, int rows, float* heads,
                               float* values) {
  const auto index = static_cast<std::size_t>(part);
  Stack& stack = stacks_[index];
  stack.rows = rows;
  stack.observations = observations;
  const float* inputs = observations;
  for (std::size_t l = 0; l < stack.activations.size(); ++l) {
    const DenseLayer& layer = layout_.stacks[index][l];
    float* outputs = stack.activations[l].data();
    forward_dense(layer, parameters, inputs, rows, outputs);
    activate(layout_.spec.activation, outputs, rows * layer.outputs);
    inputs = outputs;
  }
  if (index == 0) forward_dense(layout_.policy_head, parameters, inputs, rows, heads);
  if (index == layout_.value_stack()) forward_dense(layout_.value_head, parameters, inputs, rows, values);
}

void FlatNetwork::head_gradient(Stack& stack, const HeadOutputs& outputs, std::span<float> gradient) {
  const DenseLayer& head = outputs.head;
  // The few outputs of a head would leave most lanes empty: the transposed product has them as rows.
  multiply({.rows = head.outputs,
            .columns = head.inputs,
            .depth = stack.rows,
            .a = outputs.d_outputs,
            .a_row_stride = 1,
            .a_depth_stride = head.outputs,
            .b = stack.activations.back().data(),
            .b_stride = head.inputs,
            .bias = nullptr,
            .c = stack.head_scratch.data(),
            .c_stride = head.inputs});
  transpose(stack.head_scratch.data(), head.outputs, head.inputs, gradient.data() + head.weight_offset);
  for (int j = 0; j < head.outputs; ++j) {
    float sum = 0.0F;
    for (int r = 0; r < stack.rows; ++r) sum += outputs.d_outputs[r * head.outputs + j];
    gradient[head.bias_offset + static_cast<std::size_t>(j)] = sum;
  }
}

void FlatNetwork::pass_back_heads(Stack& stack, const float* parameters, std::span<const HeadOutputs> heads) {
  const int width = heads.front().head.inputs;
  int depth = 0;
  for (const HeadOutputs& each : heads) depth += each.head.outputs;
  int column = 0;
  for (const HeadOutputs& each : heads) {
    const int outputs = each.head.outputs;
    transpose(parameters + each.head.weight_offset, width, outputs, stack.joined_weights.data() + area(column, width));
    for (int r = 0; r < stack.rows; ++r) {
      std::copy_n(each.d_outputs + r * outputs, outputs, stack.joined_outputs.data() + r * depth + column);
    }
    column += outputs;
  }
  multiply({.rows = stack.rows,
            .columns = width,
            .depth = depth,
            .a = stack.joined_outputs.data(),
            .a_row_stride = depth,
            .a_depth_stride = 1,
            .b = stack.joined_weights.data(),
            .b_stride = width,
            .bias = nullptr,
            .c = stack.delta.data(),
            .c_stride = width});
}

void FlatNetwork::backward_stack(std::size_t index, const float* parameters, std::span<float> gradient) {
  Stack& stack = stacks_[index];
  const auto& layers = layout_.stacks[index];
  for (std::size_t l = layers.size(); l-- > 0;) {
    const DenseLayer& layer = layers[l];
    pass_back_activation(layout_.spec.activation, stack.activations[l].data(), area(stack.rows, layer.outputs),
                         stack.delta.data());
    const float* inputs = l == 0 ? stack.observations : stack.activations[l - 1].data();
    dense_gradient(layer, inputs, stack.delta.data(), stack.rows, gradient);
    if (l == 0) return;
    // dx = dy W^T as (W dy^T)^T: transposing two small matrices is cheaper than the weights.
    transpose(stack.delta.data(), stack.rows, layer.outputs, stack.delta_transposed.data());
    multiply({.rows = layer.inputs,
              .columns = stack.rows,
              .depth = layer.outputs,
              .a = parameters + layer.weight_offset,
              .a_row_stride = layer.outputs,
              .a_depth_stride = 1,
              .b = stack.delta_transposed.data(),
              .b_stride = stack.rows,
              .bias = nullptr,
              .c = stack.below_transposed.data(),
              .c_stride = stack.rows});
    transpose(stack.below_transposed.data(), layer.inputs, stack.rows, stack.delta.data());
  }
}

void FlatNetwork::backward_part(int part, const float* parameters, const float* d_heads, const float* d_values,
                                std::span<float> gradient) {
  const auto index = static_cast<std::size_t>(part);
  Stack& stack = stacks_[index];
  const std::array<HeadOutputs, 2> both{HeadOutputs{layout_.policy_head, d_heads},
                                        HeadOutputs{layout_.value_head, d_values}};
  std::span<const HeadOutputs> heads(both);
  if (!layout_.spec.shared_trunk) heads = heads.subspan(index, 1);
  for (const HeadOutputs& head : heads) head_gradient(stack, head, gradient);
  pass_back_heads(stack, parameters, heads);
  backward_stack(index, parameters, gradient);
}

}  // namespace prl

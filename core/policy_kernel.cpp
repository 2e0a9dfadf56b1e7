#include "core/policy_kernel.hpp"

#include "core/float_math.hpp"
#include "core/matrix_product.hpp"

namespace prl {

void activate(Activation activation, float* values, int count) {
  if (activation == Activation::kTanh) {
    for (int i = 0; i < count; ++i) values[i] = fast_tanh(values[i]);
  } else {
    for (int i = 0; i < count; ++i) values[i] = values[i] > 0.0F ? values[i] : 0.0F;
  }
}

void forward_dense(const DenseLayer& layer, const float* parameters, const float* inputs, int rows, float* outputs) {
  multiply({.rows = rows,
            .columns = layer.outputs,
            .depth = layer.inputs,
            .a = inputs,
            .a_row_stride = layer.inputs,
            .a_depth_stride = 1,
            .b = parameters + layer.weight_offset,
            .b_stride = layer.outputs,
            .bias = parameters + layer.bias_offset,
            .c = outputs,
            .c_stride = layer.outputs});
}

PolicyKernel::PolicyKernel(const NetworkLayout& layout, int max_rows) : layout_(layout) {
  const std::size_t floats = static_cast<std::size_t>(max_rows) * static_cast<std::size_t>(layout_.widest_layer());
  for (auto& buffer : hidden_) buffer = AlignedBuffer<float>(floats);
}

const float* PolicyKernel::forward_stack(const float* parameters, std::size_t stack, const float* observations,
                                         int rows) {
  const float* inputs = observations;
  int target = 0;
  for (const DenseLayer& layer : layout_.stacks[stack]) {
    float* outputs = hidden_[target].data();
    forward_dense(layer, parameters, inputs, rows, outputs);
    activate(layout_.spec.activation, outputs, rows * layer.outputs);
    inputs = outputs;
    target = 1 - target;
  }
  return inputs;
}

void PolicyKernel::forward(const float* parameters, const float* observations, int rows, float* heads, float* values) {
  const float* hidden = forward_stack(parameters, 0, observations, rows);
  forward_dense(layout_.policy_head, parameters, hidden, rows, heads);
  if (!layout_.spec.shared_trunk) hidden = forward_stack(parameters, layout_.value_stack(), observations, rows);
  forward_dense(layout_.value_head, parameters, hidden, rows, values);
}

void PolicyKernel::forward_value(const float* parameters, const float* observations, int rows, float* values) {
  const float* hidden = forward_stack(parameters, layout_.value_stack(), observations, rows);
  forward_dense(layout_.value_head, parameters, hidden, rows, values);
}

}  // namespace prl

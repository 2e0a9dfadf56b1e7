// Inference for acting: observations in, policy head and value out, without LibTorch.
//
//   h_0 = observation,  h_l = act(h_{l-1} W_l + b_l),  head = h_L W_p + b_p,  value = h'_L W_v + b_v
//
// A row's bits do not depend on the batch around it (core/matrix_product.hpp), so one environment's trajectory is the
// same whether its worker steps one environment or a thousand. Agrees with the LibTorch module within 1e-5.
#pragma once

#include "core/aligned_buffer.hpp"
#include "core/network_layout.hpp"

namespace prl {

// Applies the activation to `count` values in place.
void activate(Activation activation, float* values, int count);

class PolicyKernel {
 public:
  // Buffers for up to `max_rows` rows a call.
  PolicyKernel(const NetworkLayout& layout, int max_rows);

  // `parameters`: flat buffer of layout.parameter_count floats. `observations`: [rows][observation_size]. Writes
  // `heads` [rows][head_size] and `values` [rows]. Does not allocate. rows <= max_rows.
  void forward(const float* parameters, const float* observations, int rows, float* heads, float* values);

  // The value alone, as for bootstrapping.
  void forward_value(const float* parameters, const float* observations, int rows, float* values);

  const NetworkLayout& layout() const { return layout_; }

 private:
  // Runs one stack of hidden layers and returns its last activations, [rows][width].
  const float* forward_stack(const float* parameters, std::size_t stack, const float* observations, int rows);

  NetworkLayout layout_;
  AlignedBuffer<float> hidden_[2];
};

// y = x W + b for `rows` rows, without activation.
void forward_dense(const DenseLayer& layer, const float* parameters, const float* inputs, int rows, float* outputs);

}  // namespace prl

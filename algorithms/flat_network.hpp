// The actor-critic network on flat parameters with its backward pass written out, on the suite's own matrix product.
//
//   forward   h_l = act(h_{l-1} W_l + b_l),  head = h_L W_p + b_p,  value = h'_L W_v + b_v
//   backward  dW = x^T dy,  db = sum over rows of dy,  dx = dy W^T,  dz = dh * act'(h)
//
// Source: Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors" (1986). Deviation: none.
// The derivative with respect to the observations is not needed and not computed. Forward bits are those of
// PolicyKernel, so the importance ratio of the first minibatch is exactly 1.
#pragma once

#include <vector>

#include "algorithms/differentiable_network.hpp"
#include "core/aligned_buffer.hpp"

namespace prl {

class FlatNetwork final : public DifferentiableNetwork {
 public:
  // Buffers for up to `max_rows` rows; nothing is allocated later.
  FlatNetwork(const NetworkLayout& layout, int max_rows);

  void forward(const float* parameters, const float* observations, int rows, float* heads, float* values) override;
  void backward(const float* parameters, const float* d_heads, const float* d_values,
                std::span<float> gradient) override;

 private:
  // Activations of one stack, one buffer a layer, [rows][outputs].
  using StackActivations = std::vector<AlignedBuffer<float>>;

  void forward_stack(const float* parameters, std::size_t stack);
  // Takes d loss / d (last activations) in delta_ and writes the stack's gradients.
  void backward_stack(const float* parameters, std::size_t stack, std::span<float> gradient);
  // delta_ = sum over the given heads of d_output W^T, where d_output is [rows][outputs].
  void pass_back_heads(const float* parameters, std::span<const DenseLayer> heads,
                       std::span<const float* const> d_outputs);
  void head_gradient(const DenseLayer& head, const float* inputs, const float* d_outputs, std::span<float> gradient);

  NetworkLayout layout_;
  int rows_ = 0;
  const float* observations_ = nullptr;
  std::vector<StackActivations> activations_;
  AlignedBuffer<float> delta_;             // [rows][width]
  AlignedBuffer<float> delta_transposed_;  // [width][rows]
  AlignedBuffer<float> below_transposed_;  // [width][rows]
  AlignedBuffer<float> joined_outputs_;    // [rows][head_size + 1]
  AlignedBuffer<float> joined_weights_;    // [head_size + 1][width]
  AlignedBuffer<float> head_scratch_;      // [head_size][width]
};

}  // namespace prl

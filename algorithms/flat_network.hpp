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

  int parts() const override { return static_cast<int>(stacks_.size()); }
  void forward_part(int part, const float* parameters, const float* observations, int rows, float* heads,
                    float* values) override;
  void backward_part(int part, const float* parameters, const float* d_heads, const float* d_values,
                     std::span<float> gradient) override;

 private:
  // What the passes of one stack and its heads keep and need: stacks share nothing that is written.
  struct Stack {
    int rows = 0;
    const float* observations = nullptr;
    std::vector<AlignedBuffer<float>> activations;  // one a layer, [rows][outputs]
    AlignedBuffer<float> delta;                     // [rows][width]
    AlignedBuffer<float> delta_transposed;          // [width][rows]
    AlignedBuffer<float> below_transposed;          // [width][rows]
    AlignedBuffer<float> joined_outputs;            // [rows][head_size + 1]
    AlignedBuffer<float> joined_weights;            // [head_size + 1][width]
    AlignedBuffer<float> head_scratch;              // [head_size][width]
  };

  // A head with the derivatives of its outputs, [rows][outputs].
  struct HeadOutputs {
    DenseLayer head;
    const float* d_outputs = nullptr;
  };

  static void head_gradient(Stack& stack, const HeadOutputs& outputs, std::span<float> gradient);
  // delta = sum over the given heads of d_output W^T.
  static void pass_back_heads(Stack& stack, const float* parameters, std::span<const HeadOutputs> heads);
  // Takes d loss / d (last activations) in delta and writes the gradients of the stack's layers.
  void backward_stack(std::size_t index, const float* parameters, std::span<float> gradient);

  NetworkLayout layout_;
  std::vector<Stack> stacks_;
};

}  // namespace prl

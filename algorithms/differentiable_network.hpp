// A network with a backward pass, on flat parameters. Two implementations exist: FlatNetwork (own kernels, backward
// pass written by hand) and AutogradNetwork (LibTorch), which the first is checked against.
#pragma once

#include <span>

#include "core/network_layout.hpp"

namespace prl {

class DifferentiableNetwork {
 public:
  virtual ~DifferentiableNetwork() = default;

  // `observations` [rows][observation_size] must stay valid until backward(). Writes heads [rows][head_size] and values
  // [rows].
  virtual void forward(const float* parameters, const float* observations, int rows, float* heads, float* values) = 0;

  // Gradient of sum(d_heads * heads) + sum(d_values * values) for the rows of the last forward(), written (not added) to
  // all weights and biases in `gradient`, [parameter_count]. The log standard deviations' part is left alone.
  virtual void backward(const float* parameters, const float* d_heads, const float* d_values,
                        std::span<float> gradient) = 0;
};

}  // namespace prl

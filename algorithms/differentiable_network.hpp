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
  void forward(const float* parameters, const float* observations, int rows, float* heads, float* values) {
    for (int part = 0; part < parts(); ++part) forward_part(part, parameters, observations, rows, heads, values);
  }

  // Gradient of sum(d_heads * heads) + sum(d_values * values) for the rows of the last forward(), written (not added) to
  // all weights and biases in `gradient`, [parameter_count]. The log standard deviations' part is left alone.
  void backward(const float* parameters, const float* d_heads, const float* d_values, std::span<float> gradient) {
    for (int part = 0; part < parts(); ++part) backward_part(part, parameters, d_heads, d_values, gradient);
  }

  // Parts with parameters of their own, whose passes may be made at the same time: 2 where the policy (0) and the value
  // (1) are separate networks, else 1 (network_parts()).
  virtual int parts() const = 0;

  // The passes of one part: it reads and writes only its own outputs, parameters and gradient.
  virtual void forward_part(int part, const float* parameters, const float* observations, int rows, float* heads,
                            float* values) = 0;
  virtual void backward_part(int part, const float* parameters, const float* d_heads, const float* d_values,
                             std::span<float> gradient) = 0;
};

}  // namespace prl

// The same network by LibTorch's modules' arithmetic and autograd: the readable reference that FlatNetwork's backward
// pass is checked against, and the baseline that benchmarks compare it with.
//
// LibTorch's types stay out of this header, so that few files compile them.
#pragma once

#include <memory>

#include "algorithms/differentiable_network.hpp"

namespace prl {

class AutogradNetwork final : public DifferentiableNetwork {
 public:
  explicit AutogradNetwork(const NetworkLayout& layout);
  ~AutogradNetwork() override;

  // One graph: both networks are passed together.
  int parts() const override { return 1; }
  void forward_part(int part, const float* parameters, const float* observations, int rows, float* heads,
                    float* values) override;
  void backward_part(int part, const float* parameters, const float* d_heads, const float* d_values,
                     std::span<float> gradient) override;

 private:
  struct Graph;
  std::unique_ptr<Graph> graph_;
};

// LibTorch runs its operations in the calling thread only, from now on.
void use_one_torch_thread();

}  // namespace prl

// RMSProp on a flat buffer, one pass over memory, without momentum and not centred.
//
//   g <- alpha g + (1 - alpha) d^2,     theta <- theta - lr d / sqrt(g + epsilon),     g = 0 at the start
//
// Source: Mnih et al., "Asynchronous methods for deep reinforcement learning" (ICML 2016), section 4, equation 8
// (Tieleman and Hinton's rule): epsilon stands inside the root. It does not in PyTorch's, where it is added to the root;
// TensorFlow 1 has it inside and starts with g = 1. The gradient is scaled first, which is how clipping is fused in.
// Deviation: none.
#pragma once

#include <span>

#include "core/aligned_buffer.hpp"
#include "core/learner.hpp"

namespace prl {

struct RmsPropSetting {
  float decay = 0.99F;  // alpha
  float epsilon = 1e-5F;
};

// One step on `range` of `parameters` with `scale * gradient`; the spans are whole, `mean_square` is g. Disjoint ranges
// may be stepped at the same time. There is no state beside g, so several learners may share it.
void rmsprop_step(ParameterRange range, std::span<float> parameters, std::span<float> mean_square,
                  std::span<const float> gradient, float scale, float learning_rate, const RmsPropSetting& setting);

class RmsProp {
 public:
  // Steps `shared`, parameters and g, in place of parameters that it is given and a g of its own; null for the latter.
  RmsProp(std::size_t parameter_count, RmsPropSetting setting, const SharedParameters* shared = nullptr)
      : setting_(setting), shared_(shared), mean_square_(shared == nullptr ? parameter_count : 0) {}

  void step(ParameterRange range, std::span<float> parameters, std::span<const float> gradient, float scale,
            float learning_rate);

  void add_state(RunState& state) { state.add_averages("mean square", mean_square_.span()); }

  // [parameter_count]; empty where it is shared.
  std::span<float> mean_square() { return mean_square_.span(); }

 private:
  RmsPropSetting setting_;
  const SharedParameters* shared_;
  AlignedBuffer<float> mean_square_;
};

}  // namespace prl

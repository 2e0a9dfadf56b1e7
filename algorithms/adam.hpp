// Adam on a flat buffer, one pass over memory.
//
//   m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2,
//   theta <- theta - lr / (1 - b1^t)  *  m / ( sqrt(v) / sqrt(1 - b2^t) + eps )
//
// Source: Kingma and Ba, "Adam: a method for stochastic optimization" (ICLR 2015), algorithm 1, in PyTorch's order of
// operations (epsilon outside the corrected root). The gradient is scaled first, which is how clipping by the global
// norm is fused in. Deviation: none.
#pragma once

#include <span>

#include "core/aligned_buffer.hpp"
#include "core/learner.hpp"

namespace prl {

struct AdamSetting {
  float beta1 = 0.9F;
  float beta2 = 0.999F;
  float epsilon = 1e-5F;
};

class Adam {
 public:
  Adam(std::size_t parameter_count, AdamSetting setting)
      : setting_(setting), first_moment_(parameter_count), second_moment_(parameter_count) {}

  // One step on `range` of `parameters` with `scale * gradient`, both spans whole. All ranges of one update share a step
  // number; disjoint ranges may be stepped at the same time.
  void step(ParameterRange range, std::span<float> parameters, std::span<const float> gradient, float scale,
            float learning_rate);

  // Ends the update that the ranges belonged to.
  void finish_update() { ++updates_; }

  // State for checkpoints: [parameter_count] each, and the number of finished updates.
  std::span<float> first_moment() { return first_moment_.span(); }
  std::span<float> second_moment() { return second_moment_.span(); }
  long updates() const { return updates_; }

 private:
  AdamSetting setting_;
  AlignedBuffer<float> first_moment_;
  AlignedBuffer<float> second_moment_;
  long updates_ = 0;
};

}  // namespace prl

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
  // Steps `shared`, parameters and moments, in place of parameters that it is given and moments of its own; null for the
  // latter. t then counts the updates of all that share the moments: those that step at the same time have the same t.
  Adam(std::size_t parameter_count, AdamSetting setting, const SharedParameters* shared = nullptr)
      : setting_(setting),
        shared_(shared),
        first_moment_(shared == nullptr ? parameter_count : 0),
        second_moment_(shared == nullptr ? parameter_count : 0) {}

  // One step on `range` of `parameters` with `scale * gradient`, both spans whole. All ranges of one update share a step
  // number; disjoint ranges may be stepped at the same time.
  void step(ParameterRange range, std::span<float> parameters, std::span<const float> gradient, float scale,
            float learning_rate);

  // Ends the update that the ranges belonged to.
  void finish_update() {
    ++updates_;
    if (shared_ != nullptr) shared_->updates->fetch_add(1, std::memory_order_relaxed);
  }

  void add_state(RunState& state) {
    state.add_averages("first moment", first_moment_.span());
    state.add_averages("second moment", second_moment_.span());
    state.add_value("updates", updates_);
  }

  // [parameter_count] each, or none where it is shared, and the number of finished updates.
  std::span<float> first_moment() { return first_moment_.span(); }
  std::span<float> second_moment() { return second_moment_.span(); }
  long updates() const { return updates_; }

 private:
  AdamSetting setting_;
  const SharedParameters* shared_;
  AlignedBuffer<float> first_moment_;
  AlignedBuffer<float> second_moment_;
  long updates_ = 0;
};

}  // namespace prl

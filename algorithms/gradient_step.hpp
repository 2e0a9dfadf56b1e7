// What rules do to a gradient step beside the optimiser: clipping by the global norm, and annealing.
//
//   g <- g min(1, c / (|g| + 1e-6)),     lr_k = lr_0 (1 - k / K) in round k of K
//
// Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks" (ICML 2013), algorithm 1;
// the 1e-6 is torch.nn.utils.clip_grad_norm_'s.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/relaxed_floats.hpp"
#include "core/run_state.hpp"

namespace prl {

// What a gradient with that square sum is to be multiplied by; a limit of 0 leaves it as it is.
inline float clipping_scale(double gradient_square_sum, float max_gradient_norm) {
  const auto limit = static_cast<double>(max_gradient_norm);
  const double norm = std::sqrt(gradient_square_sum);
  return static_cast<float>(limit > 0.0 ? std::min(1.0, limit / (norm + 1e-6)) : 1.0);
}

// The step size after `rounds` of `total_rounds`.
inline float annealed_learning_rate(float initial, long rounds, long total_rounds) {
  const double left = 1.0 - static_cast<double>(rounds) / static_cast<double>(total_rounds);
  return static_cast<float>(static_cast<double>(initial) * std::max(0.0, left));
}

// The rounds that have been finished, by which the step size is annealed: a learner's own, or those of all learners that
// step the same parameters.
class RoundCount {
 public:
  explicit RoundCount(const SharedParameters* shared) : shared_(shared) {}

  // Counts one more. Returns how many there are.
  long finish() {
    if (shared_ == nullptr) return ++own_;
    return static_cast<long>(shared_->rounds->fetch_add(1, std::memory_order_relaxed)) + 1;
  }

  void add_state(RunState& state) { state.add_value("rounds finished", own_); }

 private:
  const SharedParameters* shared_;
  long own_ = 0;
};

}  // namespace prl

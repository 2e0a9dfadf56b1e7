// What rules do to a gradient step beside the optimiser: clipping by the global norm, and annealing.
//
//   g <- g min(1, c / (|g| + 1e-6)),     lr_k = lr_0 (1 - k / K) in round k of K
//
// Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks" (ICML 2013), algorithm 1;
// the 1e-6 is torch.nn.utils.clip_grad_norm_'s.
#pragma once

#include <algorithm>
#include <cmath>

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

}  // namespace prl

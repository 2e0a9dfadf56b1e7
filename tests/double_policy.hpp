// Log-probabilities and entropies of a policy in double precision, from their definitions: what the gradients of losses
// are differenced with. A Minibatch has heads, log_std (double) and actions (float), rows one after the other.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "core/network_layout.hpp"

namespace prl::test {

inline double gaussian_log_prob(const double* mean, const std::vector<double>& log_std, const float* action) {
  double sum = 0.0;
  for (std::size_t d = 0; d < log_std.size(); ++d) {
    const double z = (static_cast<double>(action[d]) - mean[d]) / std::exp(log_std[d]);
    sum -= 0.5 * z * z + log_std[d] + 0.5 * std::log(2.0 * std::numbers::pi);
  }
  return sum;
}

inline double categorical_log_prob(const double* logits, std::size_t count, std::size_t action) {
  double sum = 0.0;
  for (std::size_t k = 0; k < count; ++k) sum += std::exp(logits[k]);
  return logits[action] - std::log(sum);
}

template <typename Minibatch>
double row_log_prob(const NetworkSpec& spec, const Minibatch& batch, std::size_t row) {
  const auto size = static_cast<std::size_t>(spec.head_size);
  const double* head = &batch.heads[row * size];
  if (spec.action_kind == ActionKind::kContinuous) {
    return gaussian_log_prob(head, batch.log_std, &batch.actions[row * size]);
  }
  return categorical_log_prob(head, size, static_cast<std::size_t>(batch.actions[row]));
}

template <typename Minibatch>
double row_entropy(const NetworkSpec& spec, const Minibatch& batch, std::size_t row) {
  double entropy = 0.0;
  if (spec.action_kind == ActionKind::kContinuous) {
    for (const double s : batch.log_std) entropy += s + 0.5 * std::log(2.0 * std::numbers::pi * std::numbers::e);
    return entropy;
  }
  const auto size = static_cast<std::size_t>(spec.head_size);
  for (std::size_t k = 0; k < size; ++k) {
    const double log_prob = categorical_log_prob(&batch.heads[row * size], size, k);
    entropy -= std::exp(log_prob) * log_prob;
  }
  return entropy;
}

}  // namespace prl::test

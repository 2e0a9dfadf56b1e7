// Generalised advantages and V-trace on a device, one thread an environment, backwards over a time-major segment: the
// recursions of algorithms/generalised_advantage.hpp and algorithms/vtrace.hpp, operation by operation.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/float_math.hpp"
#include "device/thread_index.hpp"
#include "device/time_major_segment.hpp"

namespace prl {

// Body of a kernel. Writes [T][N] advantages and returns.
PRL_HOST_DEVICE inline void device_generalised_advantage(const ThreadIndex& index, const TimeMajorSegment& segment,
                                                         float gamma, float lambda, float* advantages, float* returns) {
  const std::int64_t i = index.global();
  if (i >= segment.environments) return;
  float advantage = 0.0F;
  float later_value = 0.0F;  // V(s_{t+1}), where s_{t+1} is of the same episode
  for (std::int32_t t = segment.steps - 1; t >= 0; --t) {
    const std::size_t row = segment.row(t, i);
    const bool cut = t == segment.steps - 1 || segment.ends[row] != 0;
    const float value = segment.values[row];
    const float next_value = cut ? segment.bootstrap[row] : later_value;
    const float delta = segment.rewards[row] + gamma * next_value - value;
    advantage = cut ? delta : delta + gamma * lambda * advantage;
    advantages[row] = advantage;
    returns[row] = advantage + value;
    later_value = value;
  }
}

// As VtraceCoefficients of algorithms/vtrace.hpp.
struct DeviceVtrace {
  float gamma = 0.99F;
  float lambda = 1.0F;
  float rho_bar = 1.0F;
  float c_bar = 1.0F;
};

// Body of a kernel. `log_ratios` [T][N]; the segment's values and bootstrap are the learner's. Writes [T][N] targets and
// advantages.
PRL_HOST_DEVICE inline void device_vtrace(const ThreadIndex& index, const TimeMajorSegment& segment,
                                          const float* log_ratios, const DeviceVtrace& coefficients, float* targets,
                                          float* advantages) {
  const std::int64_t i = index.global();
  if (i >= segment.environments) return;
  const float gamma = coefficients.gamma;
  float correction = 0.0F;  // v_{t+1} - V(s_{t+1})
  float later_value = 0.0F;
  for (std::int32_t t = segment.steps - 1; t >= 0; --t) {
    const std::size_t row = segment.row(t, i);
    const bool cut = t == segment.steps - 1 || segment.ends[row] != 0;
    if (cut) correction = 0.0F;
    const float next_value = cut ? segment.bootstrap[row] : later_value;
    const float ratio = fast_exp(log_ratios[row]);
    const float rho = ratio < coefficients.rho_bar ? ratio : coefficients.rho_bar;
    const float c = coefficients.lambda * (ratio < coefficients.c_bar ? ratio : coefficients.c_bar);
    const float value = segment.values[row];
    const float reward = segment.rewards[row];
    advantages[row] = rho * (reward + gamma * (next_value + correction) - value);
    correction = rho * (reward + gamma * next_value - value) + gamma * c * correction;
    targets[row] = value + correction;
    later_value = value;
  }
}

}  // namespace prl

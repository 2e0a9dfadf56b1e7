#include "algorithms/rmsprop.hpp"

#include <cmath>

#include "algorithms/shared_step.hpp"
#include "core/float_math.hpp"

namespace prl {

void rmsprop_step(ParameterRange range, std::span<float> parameters, std::span<float> mean_square,
                  std::span<const float> gradient, float scale, float learning_rate, const RmsPropSetting& setting) {
  const float decay = setting.decay;
  const float epsilon = setting.epsilon;
  float* __restrict theta = parameters.data() + range.begin;
  float* __restrict g = mean_square.data() + range.begin;
  const float* __restrict d = gradient.data() + range.begin;
  const std::size_t count = range.size();
  for (std::size_t i = 0; i < count; ++i) {
    const float scaled = scale * d[i];
    g[i] = multiply_add(decay, g[i], (1.0F - decay) * scaled * scaled);
    theta[i] -= learning_rate * scaled / std::sqrt(g[i] + epsilon);
  }
}

void RmsProp::step(ParameterRange range, std::span<float> parameters, std::span<const float> gradient, float scale,
                   float learning_rate) {
  if (shared_ == nullptr) {
    rmsprop_step(range, parameters, mean_square_.span(), gradient, scale, learning_rate, setting_);
    return;
  }
  step_shared<1>(*shared_, range, [&](ParameterRange block, std::span<float> theta, std::span<float> mean_square) {
    rmsprop_step({0, block.size()}, theta, mean_square, gradient.subspan(block.begin, block.size()), scale,
                 learning_rate, setting_);
  });
}

}  // namespace prl

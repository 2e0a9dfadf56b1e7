#include "algorithms/adam.hpp"

#include <cmath>

#include "core/float_math.hpp"

namespace prl {

void Adam::step(ParameterRange range, std::span<float> parameters, std::span<const float> gradient, float scale,
                float learning_rate) {
  const double t = static_cast<double>(updates_ + 1);
  const float step_size =
      static_cast<float>(static_cast<double>(learning_rate) / (1.0 - std::pow(static_cast<double>(setting_.beta1), t)));
  const float inverse_root =
      static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(static_cast<double>(setting_.beta2), t)));
  const float beta1 = setting_.beta1;
  const float beta2 = setting_.beta2;
  const float epsilon = setting_.epsilon;
  float* __restrict theta = parameters.data() + range.begin;
  const float* __restrict g = gradient.data() + range.begin;
  float* __restrict m = first_moment_.data() + range.begin;
  float* __restrict v = second_moment_.data() + range.begin;
  const std::size_t count = range.size();
  for (std::size_t i = 0; i < count; ++i) {
    const float scaled = scale * g[i];
    m[i] = multiply_add(beta1, m[i], (1.0F - beta1) * scaled);
    v[i] = multiply_add(beta2, v[i], (1.0F - beta2) * scaled * scaled);
    theta[i] -= step_size * m[i] / multiply_add(std::sqrt(v[i]), inverse_root, epsilon);
  }
}

}  // namespace prl

#include "algorithms/adam.hpp"

#include <cmath>

#include "algorithms/shared_step.hpp"
#include "core/float_math.hpp"

namespace prl {
namespace {

// What is the same for all parameters of a step.
struct StepFactors {
  float step_size;
  float inverse_root;
  float scale;
};

StepFactors factors_of(const AdamSetting& setting, double t, float scale, float learning_rate) {
  return {
      static_cast<float>(static_cast<double>(learning_rate) / (1.0 - std::pow(static_cast<double>(setting.beta1), t))),
      static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(static_cast<double>(setting.beta2), t))), scale};
}

// On spans of the same length.
void adam_step(std::span<float> parameters, std::span<float> first_moment, std::span<float> second_moment,
               std::span<const float> gradient, const StepFactors& factors, const AdamSetting& setting) {
  const float step_size = factors.step_size;
  const float inverse_root = factors.inverse_root;
  const float scale = factors.scale;
  const float beta1 = setting.beta1;
  const float beta2 = setting.beta2;
  const float epsilon = setting.epsilon;
  float* __restrict theta = parameters.data();
  const float* __restrict g = gradient.data();
  float* __restrict m = first_moment.data();
  float* __restrict v = second_moment.data();
  const std::size_t count = parameters.size();
  for (std::size_t i = 0; i < count; ++i) {
    const float scaled = scale * g[i];
    m[i] = multiply_add(beta1, m[i], (1.0F - beta1) * scaled);
    v[i] = multiply_add(beta2, v[i], (1.0F - beta2) * scaled * scaled);
    theta[i] -= step_size * m[i] / multiply_add(std::sqrt(v[i]), inverse_root, epsilon);
  }
}

}  // namespace

void Adam::step(ParameterRange range, std::span<float> parameters, std::span<const float> gradient, float scale,
                float learning_rate) {
  if (shared_ == nullptr) {
    const StepFactors factors = factors_of(setting_, static_cast<double>(updates_ + 1), scale, learning_rate);
    const auto part = [range](auto values) { return values.subspan(range.begin, range.size()); };
    adam_step(part(parameters), part(first_moment_.span()), part(second_moment_.span()), part(gradient), factors,
              setting_);
    return;
  }
  const double t = static_cast<double>(shared_->updates->load(std::memory_order_relaxed) + 1);
  const StepFactors factors = factors_of(setting_, t, scale, learning_rate);
  step_shared<2>(*shared_, range, [&](ParameterRange block, auto theta, auto first_moment, auto second_moment) {
    adam_step(theta, first_moment, second_moment, gradient.subspan(block.begin, block.size()), factors, setting_);
  });
}

}  // namespace prl

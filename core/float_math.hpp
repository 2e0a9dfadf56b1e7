// Elementary functions in single precision, branch-free, so that loops over them vectorise and every lane gives the
// bits of the scalar call.
//
//   exp:  x = n ln 2 + r, e^x = 2^n p(r);     log: x = 2^e m, ln x = e ln 2 + q(m - 1);
//   sin, cos: x = n pi/2 + r, three-part reduction, then odd or even polynomial;
//   tanh: odd rational function of degree 13 over 6 on [-7.9, 7.9], constant beyond.
//
// Source: S. Moshier, Cephes mathematical library (expf, logf, sinf); the tanh fit is the one that Eigen uses.
// Deviation: no subnormal results, no signalling; sin and cos are meant for |x| <= 8192.
// Errors against double precision are asserted in tests/float_math_test.cpp.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "core/host_device.hpp"

namespace prl {

// a * b + c with one rounding where the target has fused multiply-add, two elsewhere. Contraction by the compiler is
// switched off, so this is the only place where products and sums fuse.
PRL_HOST_DEVICE inline float multiply_add(float a, float b, float c) {
#if defined(__FMA__) || defined(__CUDA_ARCH__) || defined(__ARM_FEATURE_FMA)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

PRL_HOST_DEVICE inline float fast_exp(float x) {
  x = x < -87.3F ? -87.3F : x;
  x = x > 88.3F ? 88.3F : x;
  // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer without a library call.
  const float shifted = multiply_add(x, 1.44269504088896341F, 12582912.0F);
  const float n = shifted - 12582912.0F;
  float r = multiply_add(n, -0.693359375F, x);
  r = multiply_add(n, 2.12194440e-4F, r);
  float p = 1.9875691500e-4F;
  p = multiply_add(p, r, 1.3981999507e-3F);
  p = multiply_add(p, r, 8.3334519073e-3F);
  p = multiply_add(p, r, 4.1665795894e-2F);
  p = multiply_add(p, r, 1.6666665459e-1F);
  p = multiply_add(p, r, 5.0000001201e-1F);
  p = multiply_add(p, r * r, r) + 1.0F;
  const std::int32_t exponent = std::bit_cast<std::int32_t>(shifted) << 23;
  return std::bit_cast<float>(std::bit_cast<std::int32_t>(p) + exponent);
}

// Natural logarithm of a positive normal number.
PRL_HOST_DEVICE inline float fast_log(float x) {
  const std::int32_t bits = std::bit_cast<std::int32_t>(x);
  // Splits around sqrt(1/2), so that the mantissa part stays within [-0.293, 0.414].
  const std::int32_t exponent = (bits - 0x3F3504F3) >> 23;
  const float m = std::bit_cast<float>(bits - (exponent << 23)) - 1.0F;
  const float e = static_cast<float>(exponent);
  const float z = m * m;
  float p = 7.0376836292e-2F;
  p = multiply_add(p, m, -1.1514610310e-1F);
  p = multiply_add(p, m, 1.1676998740e-1F);
  p = multiply_add(p, m, -1.2420140846e-1F);
  p = multiply_add(p, m, 1.4249322787e-1F);
  p = multiply_add(p, m, -1.6668057665e-1F);
  p = multiply_add(p, m, 2.0000714765e-1F);
  p = multiply_add(p, m, -2.4999993993e-1F);
  p = multiply_add(p, m, 3.3333331174e-1F);
  float y = p * m * z;
  y = multiply_add(e, -2.12194440e-4F, y);
  y = multiply_add(-0.5F, z, y);
  return multiply_add(e, 0.693359375F, m + y);
}

// sin(x + quarter_turns * pi/2), the common part of sine and cosine.
PRL_HOST_DEVICE inline float fast_sin_shifted(float x, std::int32_t quarter_turns) {
  const float shifted = multiply_add(x, 0.636619772367581343F, 12582912.0F);
  const float n = shifted - 12582912.0F;
  const std::int32_t quadrant = std::bit_cast<std::int32_t>(shifted) + quarter_turns;
  float r = multiply_add(n, -1.5703125F, x);
  r = multiply_add(n, -4.83751296997070312e-4F, r);
  r = multiply_add(n, -7.54978942e-8F, r);
  const float z = r * r;
  float s = -1.9515295891e-4F;
  s = multiply_add(s, z, 8.3321608736e-3F);
  s = multiply_add(s, z, -1.6666654611e-1F);
  s = multiply_add(s * z, r, r);
  float c = 2.443315711809948e-5F;
  c = multiply_add(c, z, -1.388731625493765e-3F);
  c = multiply_add(c, z, 4.166664568298827e-2F);
  c = multiply_add(c * z, z, multiply_add(-0.5F, z, 1.0F));
  const float value = (quadrant & 1) != 0 ? c : s;
  return (quadrant & 2) != 0 ? -value : value;
}

PRL_HOST_DEVICE inline float fast_sin(float x) { return fast_sin_shifted(x, 0); }
PRL_HOST_DEVICE inline float fast_cos(float x) { return fast_sin_shifted(x, 1); }

PRL_HOST_DEVICE inline float fast_tanh(float x) {
  x = x < -7.90531110763549805F ? -7.90531110763549805F : x;
  x = x > 7.90531110763549805F ? 7.90531110763549805F : x;
  const float z = x * x;
  float p = -2.76076847742355e-16F;
  p = multiply_add(p, z, 2.00018790482477e-13F);
  p = multiply_add(p, z, -8.60467152213735e-11F);
  p = multiply_add(p, z, 5.12229709037114e-08F);
  p = multiply_add(p, z, 1.48572235717979e-05F);
  p = multiply_add(p, z, 6.37261928875436e-04F);
  p = multiply_add(p, z, 4.89352455891786e-03F);
  float q = 1.19825839466702e-06F;
  q = multiply_add(q, z, 1.18534705686654e-04F);
  q = multiply_add(q, z, 2.26843463243900e-03F);
  q = multiply_add(q, z, 4.89352518554385e-03F);
  return x * p / q;
}

// The same names for both scalars, so that an environment's step is one template: the fast path in float, the C
// library in double.
template <typename Real>
PRL_HOST_DEVICE inline Real sine(Real x) {
  if constexpr (sizeof(Real) == sizeof(float)) {
    return fast_sin(x);
  } else {
    return std::sin(x);
  }
}

template <typename Real>
PRL_HOST_DEVICE inline Real cosine(Real x) {
  if constexpr (sizeof(Real) == sizeof(float)) {
    return fast_cos(x);
  } else {
    return std::cos(x);
  }
}

// x, or the bound that it lies beyond; low <= high.
template <typename Real>
PRL_HOST_DEVICE constexpr Real clip(Real x, Real low, Real high) {
  const Real raised = x < low ? low : x;
  return raised > high ? high : raised;
}

// `chosen` where the condition holds, else `other`, by bit masks. Of ?: whose result is compared afterwards g++ makes
// branches, which keep a loop from being vectorised.
template <typename Real>
PRL_HOST_DEVICE constexpr Real masked_select(bool condition, Real chosen, Real other) {
  using Bits = std::conditional_t<sizeof(Real) == sizeof(float), std::int32_t, std::int64_t>;
  const Bits mask = -static_cast<Bits>(condition);
  return std::bit_cast<Real>((std::bit_cast<Bits>(chosen) & mask) | (std::bit_cast<Bits>(other) & ~mask));
}

// clip() for a result that is compared afterwards.
template <typename Real>
PRL_HOST_DEVICE constexpr Real masked_clip(Real x, Real low, Real high) {
  const Real raised = masked_select(x < low, low, x);
  return masked_select(raised > high, high, raised);
}

}  // namespace prl

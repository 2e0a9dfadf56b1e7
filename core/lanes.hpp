// One SIMD register of floats: the only place with intrinsics. Each operation rounds lane by lane exactly like the
// scalar one, so results do not depend on the width.
#pragma once

#include "core/float_math.hpp"

#if defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace prl {

#if defined(__AVX512F__)

inline constexpr int kLaneCount = 16;
// Accumulator tile that fits the 32 registers: 8 rows by 2 registers, or 4 by 4 for small batches.
inline constexpr int kTileRows = 8;

struct Lanes {
  __m512 value;
  static Lanes broadcast(float x) { return {_mm512_set1_ps(x)}; }
  static Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
  // Loads the first `count` lanes, zero beyond; nothing past them is touched.
  static Lanes load_partial(const float* p, int count) {
    return {_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1u), p)};
  }
  void store(float* p) const { _mm512_storeu_ps(p, value); }
  void store_partial(float* p, int count) const {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << count) - 1u), value);
  }
};
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.value, b.value, c.value)}; }

#else

#if defined(__AVX2__) && defined(__FMA__)

inline constexpr int kLaneCount = 8;
inline constexpr int kTileRows = 6;

struct Lanes {
  __m256 value;
  static Lanes broadcast(float x) { return {_mm256_set1_ps(x)}; }
  static Lanes load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static Lanes load_partial(const float* p, int count) {
    alignas(32) float lanes[kLaneCount] = {};
    for (int i = 0; i < count; ++i) lanes[i] = p[i];
    return {_mm256_load_ps(lanes)};
  }
  void store(float* p) const { _mm256_storeu_ps(p, value); }
  void store_partial(float* p, int count) const {
    alignas(32) float lanes[kLaneCount];
    _mm256_store_ps(lanes, value);
    for (int i = 0; i < count; ++i) p[i] = lanes[i];
  }
};
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) { return {_mm256_fmadd_ps(a.value, b.value, c.value)}; }

#else

inline constexpr int kLaneCount = 4;
inline constexpr int kTileRows = 4;

// GCC and Clang lower this to whatever the target has.
struct Lanes {
  typedef float Vector __attribute__((vector_size(16)));
  Vector value;
  static Lanes broadcast(float x) { return {Vector{x, x, x, x}}; }
  static Lanes load(const float* p) { return {Vector{p[0], p[1], p[2], p[3]}}; }
  static Lanes load_partial(const float* p, int count) {
    Lanes lanes{Vector{}};
    for (int i = 0; i < count; ++i) lanes.value[i] = p[i];
    return lanes;
  }
  void store(float* p) const {
    for (int i = 0; i < kLaneCount; ++i) p[i] = value[i];
  }
  void store_partial(float* p, int count) const {
    for (int i = 0; i < count; ++i) p[i] = value[i];
  }
};
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  for (int i = 0; i < kLaneCount; ++i) c.value[i] = multiply_add(a.value[i], b.value[i], c.value[i]);
  return c;
}

#endif
#endif

}  // namespace prl

#include "parallel/transport/codec/half_codec.hpp"

#include <cstring>

#include "parallel/transport/codec/half_float.hpp"

#if defined(__F16C__)
#include <immintrin.h>
#endif

namespace prl {
namespace {

std::uint16_t word_at(const std::byte* bytes, std::size_t i) {
  std::uint16_t word = 0;
  std::memcpy(&word, bytes + 2 * i, sizeof(word));
  return word;
}

void put_word(std::byte* bytes, std::size_t i, std::uint16_t word) { std::memcpy(bytes + 2 * i, &word, sizeof(word)); }

// Compilers do not find these instructions in half_float.hpp's integer arithmetic. They return how many elements they
// have done; the rest is for the caller.
#if defined(__F16C__)

constexpr std::size_t kLanes = 8;

std::size_t encode_lanes(std::span<const float> values, std::byte* bytes) {
  const std::size_t whole = values.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    const __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(values.data() + i), _MM_FROUND_TO_NEAREST_INT);
    std::memcpy(bytes + 2 * i, &halves, sizeof(halves));
  }
  return whole;
}

std::size_t decode_add_lanes(const std::byte* bytes, float sign, std::span<float> sum) {
  const std::size_t whole = sum.size() / kLanes * kLanes;
  const __m256 signs = _mm256_set1_ps(sign);
  for (std::size_t i = 0; i < whole; i += kLanes) {
    __m128i halves;
    std::memcpy(&halves, bytes + 2 * i, sizeof(halves));
    const __m256 signed_values = _mm256_mul_ps(signs, _mm256_cvtph_ps(halves));
    _mm256_storeu_ps(sum.data() + i, _mm256_add_ps(_mm256_loadu_ps(sum.data() + i), signed_values));
  }
  return whole;
}

#else

std::size_t encode_lanes(std::span<const float>, std::byte*) { return 0; }
std::size_t decode_add_lanes(const std::byte*, float, std::span<float>) { return 0; }

#endif

}  // namespace

void HalfCodec::encode(std::span<const float> values, std::uint64_t /*update*/, std::span<std::byte> bytes) {
  for (std::size_t i = encode_lanes(values, bytes.data()); i < values.size(); ++i) {
    put_word(bytes.data(), i, to_half(values[i]));
  }
}

void HalfCodec::decode_add(std::span<const std::byte> bytes, std::uint64_t /*update*/, float sign,
                           std::span<float> sum) {
  for (std::size_t i = decode_add_lanes(bytes.data(), sign, sum); i < sum.size(); ++i) {
    sum[i] += sign * from_half(word_at(bytes.data(), i));
  }
}

void Bfloat16Codec::encode(std::span<const float> values, std::uint64_t /*update*/, std::span<std::byte> bytes) {
  std::byte* const to = bytes.data();
  const float* const from = values.data();
  for (std::size_t i = 0; i < values.size(); ++i) put_word(to, i, to_bfloat16(from[i]));
}

void Bfloat16Codec::decode_add(std::span<const std::byte> bytes, std::uint64_t /*update*/, float sign,
                               std::span<float> sum) {
  const std::byte* const from = bytes.data();
  float* const to = sum.data();
  for (std::size_t i = 0; i < sum.size(); ++i) to[i] += sign * from_bfloat16(word_at(from, i));
}

}  // namespace prl

#include "parallel/transport/codec/top_k_codec.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace prl {
namespace {

// Ordered like the magnitudes; NaN is above all.
std::uint32_t magnitude_bits(float value) { return std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFFu; }

// Buckets by exponent and three bits of the fraction, then by ten more bits, then by the last ten.
constexpr unsigned kShifts[] = {20, 10, 0};
constexpr std::size_t kBuckets = std::size_t{1} << 11;

std::size_t bucket_of(std::uint32_t bits, unsigned shift) { return bits >> shift & (shift == 20 ? 0x7FFu : 0x3FFu); }

}  // namespace

TopKCodec::TopKCodec(std::size_t count, std::size_t k) : k_(k), candidates_(count) {
  if (k < 1 || k > count) throw std::invalid_argument("top-k keeps at least one value and at most all of them");
}

// Radix selection: a histogram finds the bucket in which the k-th greatest lies, and only that bucket is looked into with
// the next ten bits. After the last ones all of a bucket are equal.
TopKCodec::Threshold TopKCodec::find_threshold(std::span<const float> values) {
  std::uint32_t* const candidates = candidates_.data();
  std::transform(values.begin(), values.end(), candidates, magnitude_bits);
  std::size_t left = values.size();
  std::size_t above = 0;
  for (const unsigned shift : kShifts) {
    std::array<std::uint32_t, kBuckets> histogram{};
    for (std::size_t i = 0; i < left; ++i) ++histogram[bucket_of(candidates[i], shift)];
    std::size_t bucket = kBuckets - 1;
    for (; above + histogram[bucket] < k_; --bucket) above += histogram[bucket];
    std::size_t kept = 0;
    for (std::size_t i = 0; i < left; ++i) {
      const std::uint32_t bits = candidates[i];
      candidates[kept] = bits;
      kept += bucket_of(bits, shift) == bucket ? 1 : 0;
    }
    left = kept;
  }
  return {candidates[0], above};
}

void TopKCodec::encode(std::span<const float> values, std::uint64_t /*update*/, std::span<std::byte> bytes) {
  const Threshold threshold = find_threshold(values);
  std::size_t equal_left = k_ - threshold.above;
  std::size_t kept = 0;
  for (std::size_t i = 0; kept < k_; ++i) {
    const std::uint32_t bits = magnitude_bits(values[i]);
    if (bits < threshold.least) continue;
    if (bits == threshold.least) {
      if (equal_left == 0) continue;
      --equal_left;
    }
    const auto place = static_cast<std::uint32_t>(i);
    std::memcpy(bytes.data() + 4 * kept, &place, sizeof(place));
    std::memcpy(bytes.data() + 4 * (k_ + kept), &values[i], sizeof(float));
    ++kept;
  }
}

void TopKCodec::decode_add(std::span<const std::byte> bytes, std::uint64_t /*update*/, float sign,
                           std::span<float> sum) {
  for (std::size_t j = 0; j < k_; ++j) {
    std::uint32_t place = 0;
    float value = 0.0F;
    std::memcpy(&place, bytes.data() + 4 * j, sizeof(place));
    std::memcpy(&value, bytes.data() + 4 * (k_ + j), sizeof(value));
    sum[place] += sign * value;
  }
}

}  // namespace prl

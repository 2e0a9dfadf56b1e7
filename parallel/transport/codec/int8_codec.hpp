// Eight bits a value, rounded at random so that the mean is right.
//
//   s = max |x| / 127 over a chunk of 256 values,   q_i = floor(x_i / s + u_i),   decode: s q_i
//
// with u_i uniform in (0, 1): E[s q_i] = x_i and |s q_i - x_i| < s. Source: Alistarh et al., "QSGD" (2017), section 3.1,
// with 127 levels and the maximum of a chunk in place of the vector's 2-norm (their section 4, buckets). Deviation: u_i has
// 16 bits, so a mean may be off by s / 2^17.
//
//   bytes = n + 4 ceil(n / 256)
//
// u comes from Philox keyed by (seed, member, update). A chunk with a value that is not finite arrives as NaN.
#pragma once

#include "parallel/transport/codec/codec.hpp"

namespace prl {

class Int8Codec final : public Codec {
 public:
  static constexpr std::size_t kChunk = 256;

  // `member` is whose vectors are encoded; any member's are decoded.
  Int8Codec(std::size_t count, std::uint64_t seed, int member);

  std::size_t encoded_bytes() const override { return count_ + sizeof(float) * chunks(); }
  void encode(std::span<const float> values, std::uint64_t update, std::span<std::byte> bytes) override;
  void decode_add(std::span<const std::byte> bytes, std::uint64_t update, float sign, std::span<float> sum) override;

 private:
  std::size_t chunks() const { return (count_ + kChunk - 1) / kChunk; }

  std::size_t count_;
  std::uint64_t seed_;
  std::uint32_t member_;
};

}  // namespace prl

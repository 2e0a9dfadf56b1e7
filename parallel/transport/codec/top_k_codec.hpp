// The k values of greatest magnitude, with their places; of equal ones those that come first.
//
//   decode(x)_i = x_i if i is among the k greatest |x|, else 0
//
// Source: Stich, Cordonnier, Jaggi, "Sparsified SGD with memory" (2018), definition 2.1 (top_k); it is biased and is used
// with error_feedback.hpp.
//
//   bytes = 8 k:  k 32-bit places in ascending order, then k floats
#pragma once

#include "core/aligned_buffer.hpp"
#include "parallel/transport/codec/codec.hpp"

namespace prl {

class TopKCodec final : public Codec {
 public:
  // 1 <= k <= count; throws std::invalid_argument otherwise.
  TopKCodec(std::size_t count, std::size_t k);

  std::size_t encoded_bytes() const override { return 8 * k_; }
  void encode(std::span<const float> values, std::uint64_t update, std::span<std::byte> bytes) override;
  void decode_add(std::span<const std::byte> bytes, std::uint64_t update, float sign, std::span<float> sum) override;

 private:
  // Of the k greatest magnitudes, as the bits of a float: the least, and how many are above it.
  struct Threshold {
    std::uint32_t least = 0;
    std::size_t above = 0;
  };
  Threshold find_threshold(std::span<const float> values);

  std::size_t k_;
  AlignedBuffer<std::uint32_t> candidates_;
};

}  // namespace prl

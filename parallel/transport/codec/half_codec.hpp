// Every value as a 16-bit float, rounded to nearest, ties to even (half_float.hpp has formats, errors and sources).
//
//   bytes = 2 n
//
// fp16 loses what lies below 2^-25 and overflows from 65520 on; bf16 has a float's range and three bits less.
#pragma once

#include "parallel/transport/codec/codec.hpp"

namespace prl {

class HalfCodec final : public Codec {
 public:
  explicit HalfCodec(std::size_t count) : count_(count) {}

  std::size_t encoded_bytes() const override { return 2 * count_; }
  void encode(std::span<const float> values, std::uint64_t update, std::span<std::byte> bytes) override;
  void decode_add(std::span<const std::byte> bytes, std::uint64_t update, float sign, std::span<float> sum) override;

 private:
  std::size_t count_;
};

class Bfloat16Codec final : public Codec {
 public:
  explicit Bfloat16Codec(std::size_t count) : count_(count) {}

  std::size_t encoded_bytes() const override { return 2 * count_; }
  void encode(std::span<const float> values, std::uint64_t update, std::span<std::byte> bytes) override;
  void decode_add(std::span<const std::byte> bytes, std::uint64_t update, float sign, std::span<float> sum) override;

 private:
  std::size_t count_;
};

}  // namespace prl

// 16-bit floats of one element at a time; the bulk conversions of half_codec.cpp have their bits.
//
//   fp16 (IEEE 754 binary16):  1 sign, 5 exponent, 10 fraction bits; relative error 2^-11 from 2^-14 to 65504, below that
//                              absolute error 2^-25; infinite from 65520 on
//   bf16:                      the upper half of a float: 1, 8, 7 bits; relative error 2^-8 over the whole range
//
// Source: IEEE 754-2019, sections 3.6 and 4.3.1 (to nearest, ties to even); bf16: Intel, "BFLOAT16 hardware numerics
// definition" (2018). Deviation: bf16 keeps subnormal numbers, and a NaN stays one (quiet, upper payload bits kept).
#pragma once

#include <bit>
#include <cstdint>

namespace prl {

constexpr std::uint16_t to_half(float value) {
  constexpr std::uint32_t kInfinity = 0x7F800000u;
  constexpr std::uint32_t kFirstThatOverflows = 0x477FF000u;  // 65520
  constexpr std::uint32_t kLeastNormal = 0x38800000u;         // 2^-14
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  std::uint32_t half = 0;
  if (magnitude > kInfinity) {
    half = 0x7E00u | (magnitude >> 13 & 0x3FFu);
  } else if (magnitude >= kFirstThatOverflows) {
    half = 0x7C00u;
  } else if (magnitude < kLeastNormal) {
    // In [0.5, 1) a float's last place is 2^-24, which is fp16's below 2^-14: the addition rounds to it.
    half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - std::bit_cast<std::uint32_t>(0.5F);
  } else {
    half = (magnitude + 0xFFFu + (magnitude >> 13 & 1u) - (112u << 23)) >> 13;
  }
  return static_cast<std::uint16_t>(sign | half);
}

constexpr float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t magnitude = half & 0x7FFFu;
  std::uint32_t bits = 0;
  if (magnitude > 0x7C00u) {
    bits = 0x7FC00000u | magnitude << 13;
  } else if (magnitude == 0x7C00u) {
    bits = 0x7F800000u;
  } else if (magnitude < 0x400u) {
    bits = std::bit_cast<std::uint32_t>(static_cast<float>(magnitude) * 0x1p-24F);
  } else {
    bits = (magnitude << 13) + (112u << 23);
  }
  return std::bit_cast<float>(sign | bits);
}

constexpr std::uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const bool is_nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
  const std::uint32_t rounded = (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16;
  return static_cast<std::uint16_t>(is_nan ? (bits >> 16 | 0x40u) : rounded);
}

constexpr float from_bfloat16(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

}  // namespace prl

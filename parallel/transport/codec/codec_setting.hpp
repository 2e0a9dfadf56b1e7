// Which codec gradients cross with, by name:
//
//   none   fp16   bf16   int8   top-k:F   random-k:F   power-sgd:R      F a fraction in (0, 1], R a rank from 1
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "parallel/transport/codec/codec.hpp"

namespace prl {

enum class CodecKind { kNone, kHalf, kBfloat16, kInt8, kTopK, kRandomK, kPowerSgd };

struct CodecSetting {
  CodecKind kind = CodecKind::kNone;
  double fraction = 1.0;  // of the values that top-k and random-k send
  int rank = 1;           // of PowerSGD's factors
  bool operator==(const CodecSetting&) const = default;
};

// Throws std::invalid_argument, with one line that says what was expected.
CodecSetting parse_codec(std::string_view text);

// What parse_codec() reads.
std::string to_string(const CodecSetting& setting);

// How many of `count` values top-k and random-k send: ceil(F count).
std::size_t kept_values(const CodecSetting& setting, std::size_t count);

// With error feedback where the codec leaves values out. Throws std::invalid_argument for kNone and for kPowerSgd, whose
// factors are summed on their way (power_sgd.hpp).
std::unique_ptr<Codec> make_codec(const CodecSetting& setting, std::size_t count, std::uint64_t seed, int member);

}  // namespace prl

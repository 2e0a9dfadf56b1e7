// How a vector of floats becomes fewer bytes on its way between workers, and a vector again.
//
//   bytes = encode(x),   decode(bytes) = x + error
//
// Every encoded vector of a codec has the same length, which both ends know: messages carry no header. Codecs differ in
// what the error is: within rounding (fp16, bf16), of mean zero (int8), or all that was left out (top-k, random-k,
// PowerSGD), which the sender keeps and adds to its next vector (error_feedback.hpp).
//
// Random numbers are keyed by (seed, member, update): the same call gives the same bytes, and bits do not depend on the
// vector width. A value that is not finite arrives as one that is not finite (with random-k once its place is drawn).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/run_state.hpp"

namespace prl {

class Codec {
 public:
  virtual ~Codec() = default;

  // Of every encoded vector.
  virtual std::size_t encoded_bytes() const = 0;

  // Writes encoded_bytes() bytes. `update` numbers the vectors that are encoded, from 0.
  virtual void encode(std::span<const float> values, std::uint64_t update, std::span<std::byte> bytes) = 0;

  // sum += sign * decode(bytes), for the bytes of any member's vector `update`; `sign` is 1 or -1.
  virtual void decode_add(std::span<const std::byte> bytes, std::uint64_t update, float sign, std::span<float> sum) = 0;

  // Adds what later vectors' bytes depend on.
  virtual void add_state(RunState& /*state*/) {}
};

}  // namespace prl

// k values at places that are drawn anew for every update, the same for all members.
//
//   decode(x)_i = x_i if i is among k of n places, all sets alike, else 0
//
// Source: Stich, Cordonnier, Jaggi, "Sparsified SGD with memory" (2018), definition 2.1 (rand_k), used with
// error_feedback.hpp and therefore without the factor n / k that would make it unbiased.
//
//   bytes = 4 k:  the floats in the order in which their places are drawn
//
// Places follow from (seed, update), so they are not sent, and members' values add up place by place.
#pragma once

#include "core/aligned_buffer.hpp"
#include "parallel/transport/codec/codec.hpp"

namespace prl {

class RandomKCodec final : public Codec {
 public:
  // 1 <= k <= count < 2^32; throws std::invalid_argument otherwise.
  RandomKCodec(std::size_t count, std::size_t k, std::uint64_t seed);

  std::size_t encoded_bytes() const override { return 4 * k_; }
  void encode(std::span<const float> values, std::uint64_t update, std::span<std::byte> bytes) override;
  void decode_add(std::span<const std::byte> bytes, std::uint64_t update, float sign, std::span<float> sum) override;

 private:
  void draw_places(std::uint64_t update);

  std::size_t k_;
  std::uint64_t seed_;
  std::uint64_t drawn_for_;              // the update that places_ are of
  AlignedBuffer<std::uint32_t> order_;   // 0, 1, 2, ..
  AlignedBuffer<std::uint32_t> places_;  // [k]
  AlignedBuffer<std::uint32_t> swaps_;   // [k]
};

}  // namespace prl

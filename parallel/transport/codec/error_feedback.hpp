// What a codec leaves out of a vector is kept and added to the next one.
//
//   p_t = g_t + e_t,   sent: C(p_t),   e_{t+1} = p_t - decode(C(p_t)),   e_0 = 0
//
// so that  sum_t decode(C(p_t)) + e_{T+1} = sum_t g_t: nothing is lost, it comes late. Sources: Stich, Cordonnier, Jaggi
// (2018), algorithm 1; Karimireddy et al., "Error feedback fixes SignSGD" (2019), algorithm 2. Deviation: both keep what
// the step lacks, of learning rate times gradient; here it is the gradient that crosses, before the optimiser.
#pragma once

#include <memory>
#include <utility>

#include "core/aligned_buffer.hpp"
#include "parallel/transport/codec/codec.hpp"

namespace prl {

class ErrorFeedback final : public Codec {
 public:
  ErrorFeedback(std::size_t count, std::unique_ptr<Codec> codec) : codec_(std::move(codec)), memory_(count) {}

  std::size_t encoded_bytes() const override { return codec_->encoded_bytes(); }

  void encode(std::span<const float> values, std::uint64_t update, std::span<std::byte> bytes) override {
    float* const memory = memory_.data();
    for (std::size_t i = 0; i < values.size(); ++i) memory[i] += values[i];
    codec_->encode(memory_.span(), update, bytes);
    codec_->decode_add(bytes, update, -1.0F, memory_.span());
  }

  void decode_add(std::span<const std::byte> bytes, std::uint64_t update, float sign, std::span<float> sum) override {
    codec_->decode_add(bytes, update, sign, sum);
  }

  void add_state(RunState& state) override {
    state.add("left out of gradients", memory_.span());
    codec_->add_state(state);
  }

  // What was left out so far.
  std::span<const float> memory() const { return memory_.span(); }

 private:
  std::unique_ptr<Codec> codec_;
  AlignedBuffer<float> memory_;
};

}  // namespace prl

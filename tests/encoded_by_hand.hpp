// What members that join encoded gradients must come to, from the definition.
#pragma once

#include <memory>
#include <vector>

#include "parallel/transport/codec/codec_setting.hpp"
#include "tests/parallel_fake_learner.hpp"

namespace prl::test {

// The fake learner's parameters after `updates` updates by one thread.
inline std::vector<float> encoded_by_hand(const CodecSetting& setting, std::uint64_t seed, int members,
                                          std::size_t count, int updates) {
  std::vector<float> parameters(count);
  set_parameters(parameters, 0);
  std::vector<std::unique_ptr<Codec>> codecs;
  for (int member = 0; member < members; ++member) codecs.push_back(make_codec(setting, count, seed, member));
  for (int update = 0; update < updates; ++update) {
    std::vector<float> sum(count, 0.0F);
    std::vector<float> gradient(count);
    std::vector<std::byte> bytes(codecs[0]->encoded_bytes());
    for (int member = 0; member < members; ++member) {
      for (std::size_t i = 0; i < count; ++i) gradient[i] = fake_gradient(parameters[i], update, member, i);
      const auto number = static_cast<std::uint64_t>(update);
      codecs[static_cast<std::size_t>(member)]->encode(gradient, number, bytes);
      codecs[0]->decode_add(bytes, number, 1.0F, sum);
    }
    const double total = square_sum(sum);
    for (std::size_t i = 0; i < count; ++i) parameters[i] = fake_step(parameters[i], sum[i], total);
  }
  return parameters;
}

}  // namespace prl::test

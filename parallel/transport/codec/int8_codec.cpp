#include "parallel/transport/codec/int8_codec.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/random.hpp"

namespace prl {
namespace {

constexpr std::size_t kBlocks = Int8Codec::kChunk / 8;  // of Philox, eight 16-bit numbers each
constexpr float kLevels = 127.0F;

// Words of Philox blocks `first` .. `first + kBlocks - 1` of a stream, as core/random.hpp's, one block a lane.
struct Words {
  std::array<std::array<std::uint32_t, kBlocks>, 4> counter;

  void fill(std::uint64_t seed, std::uint32_t member, std::uint64_t update, std::uint32_t first) {
    std::uint32_t key[2] = {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
    auto& [c0, c1, c2, c3] = counter;
    for (std::size_t b = 0; b < kBlocks; ++b) {
      c0[b] = static_cast<std::uint32_t>(update);
      c1[b] = static_cast<std::uint32_t>(update >> 32);
      c2[b] = member;
      c3[b] = (static_cast<std::uint32_t>(RandomPurpose::kCodec) << 24) + first + static_cast<std::uint32_t>(b);
    }
    for (int round = 0; round < 10; ++round) {
      for (std::size_t b = 0; b < kBlocks; ++b) {
        const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * c0[b];
        const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * c2[b];
        c0[b] = static_cast<std::uint32_t>(product1 >> 32) ^ c1[b] ^ key[0];
        c1[b] = static_cast<std::uint32_t>(product1);
        c2[b] = static_cast<std::uint32_t>(product0 >> 32) ^ c3[b] ^ key[1];
        c3[b] = static_cast<std::uint32_t>(product0);
      }
      key[0] += 0x9E3779B9u;
      key[1] += 0xBB67AE85u;
    }
  }
};

// The greatest magnitude; NaN if a value is not finite. Bits of magnitudes are ordered as the magnitudes are, and integers'
// maximum, unlike floats', vectorises.
float greatest(const float* values, std::size_t count) {
  constexpr std::uint32_t kInfinity = 0x7F800000u;
  std::uint32_t most = 0;
  for (std::size_t i = 0; i < count; ++i) most = std::max(most, std::bit_cast<std::uint32_t>(values[i]) & 0x7FFFFFFFu);
  return most < kInfinity ? std::bit_cast<float>(most) : std::numeric_limits<float>::quiet_NaN();
}

// Values i and i + kChunk / 2 take the low and the high half of word i.
void quantise(const float* values, std::size_t count, float inverse, const Words& words, std::int8_t* to) {
  constexpr std::size_t kHalf = Int8Codec::kChunk / 2;
  std::array<std::uint32_t, kHalf> flat;
  for (std::size_t w = 0; w < 4; ++w) std::copy_n(words.counter[w].data(), kBlocks, flat.data() + w * kBlocks);
  const auto round_half = [&](std::size_t begin, std::size_t end, unsigned shift) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto sixteen_bits = static_cast<std::int32_t>(flat[i - begin] >> shift & 0xFFFFu);
      const float u = (static_cast<float>(sixteen_bits) + 0.5F) * 0x1p-16F;
      const float level = std::floor(values[i] * inverse + u);
      to[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(std::clamp(level, -kLevels, kLevels)));
    }
  };
  round_half(0, std::min(count, kHalf), 0);
  round_half(kHalf, count, 16);
}

}  // namespace

Int8Codec::Int8Codec(std::size_t count, std::uint64_t seed, int member)
    : count_(count), seed_(seed), member_(static_cast<std::uint32_t>(member)) {}

void Int8Codec::encode(std::span<const float> values, std::uint64_t update, std::span<std::byte> bytes) {
  std::byte* const levels = bytes.data() + sizeof(float) * chunks();
  std::array<std::int8_t, kChunk> chunk_levels;
  Words words;
  for (std::size_t chunk = 0; chunk < chunks(); ++chunk) {
    const std::size_t begin = chunk * kChunk;
    const std::size_t count = std::min(kChunk, count_ - begin);
    const float most = greatest(values.data() + begin, count);
    const float scale = most / kLevels;
    std::memcpy(bytes.data() + sizeof(float) * chunk, &scale, sizeof(scale));
    // NaN and what is too small to be divided by have no levels.
    const float inverse = most >= 0x1p-100F ? kLevels / most : 0.0F;
    words.fill(seed_, member_, update, static_cast<std::uint32_t>(chunk * kBlocks));
    if (inverse > 0.0F) {
      quantise(values.data() + begin, count, inverse, words, chunk_levels.data());
    } else {
      chunk_levels.fill(0);
    }
    std::memcpy(levels + begin, chunk_levels.data(), count);
  }
}

void Int8Codec::decode_add(std::span<const std::byte> bytes, std::uint64_t /*update*/, float sign,
                           std::span<float> sum) {
  const std::byte* const levels = bytes.data() + sizeof(float) * chunks();
  for (std::size_t chunk = 0; chunk < chunks(); ++chunk) {
    const std::size_t begin = chunk * kChunk;
    const std::size_t count = std::min(kChunk, count_ - begin);
    float scale = 0.0F;
    std::memcpy(&scale, bytes.data() + sizeof(float) * chunk, sizeof(scale));
    scale *= sign;
    float* const to = sum.data() + begin;
    const std::byte* const from = levels + begin;
    for (std::size_t i = 0; i < count; ++i) {
      to[i] += scale * static_cast<float>(static_cast<std::int8_t>(std::to_integer<std::uint8_t>(from[i])));
    }
  }
}

}  // namespace prl

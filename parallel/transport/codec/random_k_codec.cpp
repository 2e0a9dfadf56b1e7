#include "parallel/transport/codec/random_k_codec.hpp"

#include <cstring>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "core/random.hpp"

namespace prl {

RandomKCodec::RandomKCodec(std::size_t count, std::size_t k, std::uint64_t seed)
    : k_(k), seed_(seed), drawn_for_(std::numeric_limits<std::uint64_t>::max()), order_(count), places_(k), swaps_(k) {
  if (k < 1 || k > count || count > std::numeric_limits<std::uint32_t>::max()) {
    throw std::invalid_argument("random-k keeps at least one value and at most all of them");
  }
  std::iota(order_.data(), order_.data() + count, 0u);
}

// The first k swaps of Fisher and Yates, taken back afterwards, so that places depend on nothing that went before.
void RandomKCodec::draw_places(std::uint64_t update) {
  if (update == drawn_for_) return;
  drawn_for_ = update;
  Rng rng(seed_, RandomPurpose::kCodec, 0, update);
  const auto count = static_cast<std::uint32_t>(order_.size());
  for (std::uint32_t j = 0; j < k_; ++j) {
    swaps_[j] = j + rng.below(count - j);
    std::swap(order_[j], order_[swaps_[j]]);
    places_[j] = order_[j];
  }
  for (std::size_t j = k_; j-- > 0;) std::swap(order_[j], order_[swaps_[j]]);
}

void RandomKCodec::encode(std::span<const float> values, std::uint64_t update, std::span<std::byte> bytes) {
  draw_places(update);
  for (std::size_t j = 0; j < k_; ++j) std::memcpy(bytes.data() + 4 * j, &values[places_[j]], sizeof(float));
}

void RandomKCodec::decode_add(std::span<const std::byte> bytes, std::uint64_t update, float sign,
                              std::span<float> sum) {
  draw_places(update);
  for (std::size_t j = 0; j < k_; ++j) {
    float value = 0.0F;
    std::memcpy(&value, bytes.data() + 4 * j, sizeof(value));
    sum[places_[j]] += sign * value;
  }
}

}  // namespace prl

#include "parallel/collect/outcome_message.hpp"

#include <cstring>

namespace prl {

OutcomeMessage::OutcomeMessage(int environments, int observation_size)
    : environments_(environments),
      observation_size_(observation_size),
      observations_(static_cast<std::size_t>(environments) * static_cast<std::size_t>(observation_size)),
      bytes_(outcome_bytes(environments, observation_size, environments)) {}

std::span<const std::byte> OutcomeMessage::pack(const EnvironmentBatch& batch) {
  std::byte* place = bytes_.data();
  const auto append = [&place](const void* source, std::size_t bytes) {
    std::memcpy(place, source, bytes);
    place += bytes;
  };
  const auto count = static_cast<std::size_t>(environments_);
  const std::size_t row_bytes = observation_bytes(1, observation_size_);
  batch.observe(observations_.data());
  append(batch.rewards(), count * sizeof(float));
  append(observations_.data(), count * row_bytes);
  append(batch.ends(), count);
  for (int i = 0; i < environments_; ++i) {
    if (batch.ends()[i] != 0) append(batch.final_observations() + i * observation_size_, row_bytes);
  }
  return {bytes_.data(), place};
}

int OutcomeMessage::unpack(int first, const OutcomeRows& rows) const {
  const std::byte* place = bytes_.data();
  const auto take = [&place](void* target, std::size_t bytes) {
    std::memcpy(target, place, bytes);
    place += bytes;
  };
  const auto count = static_cast<std::size_t>(environments_);
  const std::size_t row_bytes = observation_bytes(1, observation_size_);
  take(rows.rewards + first, count * sizeof(float));
  take(rows.observations + first * observation_size_, count * row_bytes);
  take(rows.ends + first, count);
  int ended = 0;
  for (int i = first; i < first + environments_; ++i) {
    if (rows.ends[i] == 0) continue;
    take(rows.final_observations + i * observation_size_, row_bytes);
    ++ended;
  }
  return ended;
}

}  // namespace prl

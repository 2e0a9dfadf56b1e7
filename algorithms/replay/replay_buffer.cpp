#include "algorithms/replay/replay_buffer.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace prl {
namespace {

int checked_capacity(int capacity) {
  if (capacity >= 1) return capacity;
  throw std::invalid_argument("a replay of " + std::to_string(capacity) + " transitions: give a capacity of 1 or more");
}

}  // namespace

ReplayBuffer::ReplayBuffer(const NetworkSpec& spec, int capacity)
    : capacity_(checked_capacity(capacity)),
      observation_size_(spec.observation_size),
      action_size_(spec.action_size()),
      record_floats_(static_cast<std::size_t>(2 * observation_size_ + action_size_ + 2)),
      records_(static_cast<std::size_t>(capacity) * record_floats_) {}

int ReplayBuffer::add(const Transition& transition) {
  float* record = records_.data() + static_cast<std::size_t>(next_) * record_floats_;
  record = std::copy_n(transition.observation, observation_size_, record);
  if (transition.next_observation != nullptr) {
    record = std::copy_n(transition.next_observation, observation_size_, record);
  } else {
    record = std::fill_n(record, observation_size_, 0.0F);
  }
  record = std::copy_n(transition.action, action_size_, record);
  record[0] = transition.reward;
  record[1] = transition.discount;
  const int slot = next_;
  next_ = next_ + 1 == capacity_ ? 0 : next_ + 1;
  size_ = std::min(size_ + 1, capacity_);
  return slot;
}

int ReplayBuffer::slot_of_age(int age) const {
  const int slot = next_ - 1 - age;
  return slot >= 0 ? slot : slot + capacity_;
}

void ReplayBuffer::gather(std::span<const int> slots, TransitionColumns& batch) const {
  const auto observation_size = static_cast<std::size_t>(observation_size_);
  const auto action_size = static_cast<std::size_t>(action_size_);
  for (std::size_t row = 0; row < slots.size(); ++row) {
    const float* record = records_.data() + static_cast<std::size_t>(slots[row]) * record_floats_;
    std::copy_n(record, observation_size, batch.observations.data() + row * observation_size);
    record += observation_size;
    std::copy_n(record, observation_size, batch.next_observations.data() + row * observation_size);
    record += observation_size;
    std::copy_n(record, action_size, batch.actions.data() + row * action_size);
    record += action_size;
    batch.rewards[row] = record[0];
    batch.discounts[row] = record[1];
  }
}

void sample_uniformly(int size, Rng& rng, std::span<int> slots) {
  for (int& slot : slots) slot = static_cast<int>(rng.below(static_cast<std::uint32_t>(size)));
}

}  // namespace prl

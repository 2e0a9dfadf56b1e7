// Makes transitions of n steps from the steps of one environment, across the borders of segments.
//
//   (s_t, a_t,  sum_{i<k} gamma^i r_{t+i},  gamma^k,  s_{t+k}),   k = n, or less where the episode ends before
//
// Source: Sutton and Barto, "Reinforcement learning" (2nd edition), section 7.1; Horgan et al., "Distributed prioritized
// experience replay" (ICLR 2018), algorithm 1. A step is held back until the observation that its transition leads to has
// been seen, so a segment's last steps become transitions with the next segment. No transition crosses an episode's end:
// after termination the remaining ones are shorter and have discount 0; after truncation they are shorter and lead to the
// episode's final observation. Where that observation is not known, they lead to the last one that is, and the episode's
// last step, of which nothing is known but its reward, is left out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "algorithms/replay/transition.hpp"
#include "core/aligned_buffer.hpp"
#include "core/episode_end.hpp"
#include "core/network_layout.hpp"
#include "core/run_state.hpp"

namespace prl {

// One step of an environment, in the order of time. Does not own what it points to.
struct EnvironmentStep {
  const float* observation = nullptr;
  const float* action = nullptr;
  float reward = 0.0F;
  std::uint8_t ends = 0;                     // core/episode_end.hpp
  const float* final_observation = nullptr;  // of an episode that was truncated here; null where it is not known
  // The actor's action values, of rules that want them: of the action; the greatest here; the greatest of final_observation.
  float chosen_value = 0.0F;
  float greatest_value = 0.0F;
  float final_value = 0.0F;
};

class NStepAssembler {
 public:
  NStepAssembler(const NetworkSpec& spec, int n, float gamma)
      : observation_size_(static_cast<std::size_t>(spec.observation_size)),
        action_size_(static_cast<std::size_t>(spec.action_size())),
        capacity_(static_cast<std::size_t>(n)),
        gamma_(gamma),
        observations_(capacity_ * observation_size_),
        actions_(capacity_ * action_size_),
        rewards_(capacity_),
        values_(capacity_) {}

  // Takes the next step and calls emit(const Transition&) for every transition that it completes, the earliest first.
  // What a transition points to is valid during the call.
  template <typename Emit>
  void take(const EnvironmentStep& step, Emit&& emit) {
    if (held_ == capacity_) emit_oldest(step.observation, step.greatest_value, emit);
    hold(step);
    if (step.ends == 0) return;
    const float* next = nullptr;
    float next_value = 0.0F;
    if ((step.ends & kTerminated) == 0) {
      next = step.final_observation;
      next_value = step.final_value;
      if (next == nullptr) {
        next = step.observation;
        next_value = step.greatest_value;
        --held_;
      }
    }
    while (held_ > 0) emit_oldest(next, next_value, emit);
  }

  // Lets go of the steps that are held back: the next one does not continue them.
  void clear() { held_ = 0; }

  // Adds the steps that are held back, as those of environment `index` of `all`.
  void add_state(RunState& state, std::size_t index, std::size_t all) {
    const auto add = [&](const char* name, auto values) {
      state.add_piece(name, values, index * values.size(), all * values.size());
    };
    add("held back observations", observations_.span());
    add("held back actions", actions_.span());
    add("held back rewards", rewards_.span());
    add("held back values", values_.span());
    add("first held back", std::span<std::size_t>(&first_, 1));
    add("held back", std::span<std::size_t>(&held_, 1));
  }

 private:
  std::size_t slot(std::size_t age) const { return (first_ + age) % capacity_; }

  void hold(const EnvironmentStep& step) {
    const std::size_t to = slot(held_++);
    std::copy_n(step.observation, observation_size_, observations_.data() + to * observation_size_);
    std::copy_n(step.action, action_size_, actions_.data() + to * action_size_);
    rewards_[to] = step.reward;
    values_[to] = step.chosen_value;
  }

  // All held steps as one transition to `next`, null after termination; then lets go of the first of them.
  template <typename Emit>
  void emit_oldest(const float* next, float next_value, Emit&& emit) {
    float reward = 0.0F;
    float discount = 1.0F;
    for (std::size_t age = held_; age-- > 0;) {
      reward = rewards_[slot(age)] + gamma_ * reward;
      discount *= gamma_;
    }
    emit(Transition{observations_.data() + first_ * observation_size_, actions_.data() + first_ * action_size_, reward,
                    next != nullptr ? discount : 0.0F, next, values_[first_], next_value});
    first_ = slot(1);
    --held_;
  }

  std::size_t observation_size_;
  std::size_t action_size_;
  std::size_t capacity_;
  float gamma_;
  // A ring of steps that are held back, the earliest at first_.
  AlignedBuffer<float> observations_;
  AlignedBuffer<float> actions_;
  AlignedBuffer<float> rewards_;
  AlignedBuffer<float> values_;
  std::size_t first_ = 0;
  std::size_t held_ = 0;
};

}  // namespace prl

// Experience replay of a tabular rule: the last `capacity` transitions, drawn uniformly with replacement.
//
// Source: Lin, "Self-improving reactive agents based on reinforcement learning, planning and teaching" (Machine Learning
// 8, 1992), section 3.5. Deviation: single transitions, drawn uniformly.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <vector>

#include "core/random.hpp"
#include "core/tabular_transition.hpp"

namespace prl {

class TransitionRing {
 public:
  explicit TransitionRing(std::size_t capacity) : transitions_(capacity) {
    if (capacity < 1) throw std::invalid_argument("a replay of 0 transitions: give it room for at least one");
  }

  // Overwrites the oldest once the ring is full.
  void add(const TabularTransition& transition) {
    transitions_[next_] = transition;
    next_ = next_ + 1 == transitions_.size() ? 0 : next_ + 1;
    if (size_ < transitions_.size()) ++size_;
  }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return transitions_.size(); }

  // The i-th slot below size(), in no particular order of age.
  const TabularTransition& operator[](std::size_t i) const { return transitions_[i]; }

  // One of those held. The ring must not be empty.
  const TabularTransition& draw(Rng& rng) const { return transitions_[rng.below(static_cast<std::uint32_t>(size_))]; }

 private:
  std::vector<TabularTransition> transitions_;
  std::size_t next_ = 0;
  std::size_t size_ = 0;
};

}  // namespace prl

// Parameters as actors see them a fixed number of rounds late, in lock-step: the delay of a queue between actors and
// learner without its chance, so that what a lag does to learning can be measured and repeated bit by bit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "core/run_state.hpp"

namespace prl {

// In a checkpoint, the oldest first: those that the next round acts with.
inline std::string name_of_delayed(std::size_t version) { return "delayed parameters " + std::to_string(version); }

class DelayedParameters {
 public:
  // Before `lag` >= 0 pushes the actors see `initial`.
  DelayedParameters(std::span<const float> initial, int lag) {
    for (int i = 0; i <= lag; ++i) {
      versions_.emplace_back(initial.size());
      std::copy(initial.begin(), initial.end(), versions_.back().data());
    }
  }

  // What the actors see now: the parameters as they were `lag` pushes ago.
  std::span<const float> seen() const { return versions_[oldest_].span(); }

  // The learner's parameters after a round.
  void push(std::span<const float> parameters) {
    std::copy(parameters.begin(), parameters.end(), versions_[oldest_].data());
    oldest_ = (oldest_ + 1) % versions_.size();
  }

  void add_state(RunState& state) {
    for (std::size_t i = 0; i < versions_.size(); ++i) {
      state.add(name_of_delayed(i), versions_[(oldest_ + i) % versions_.size()].span());
    }
  }

 private:
  std::vector<AlignedBuffer<float>> versions_;  // a ring; the oldest is the next to be overwritten
  std::size_t oldest_ = 0;
};

}  // namespace prl

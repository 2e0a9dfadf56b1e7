// Where the transitions of a sweep or of a worker come from, by index: the same ones whoever draws them.
#pragma once

#include <cstdint>
#include <span>

#include "core/random.hpp"
#include "core/tabular_transition.hpp"

namespace prl {

// Pairs drawn uniformly and stepped once: exploring starts with episodes of one step. Draw i is keyed by (seed, i).
// Environment as in algorithms/tabular/table_walk.hpp; it must outlive the source.
template <typename Environment>
class ModelSource {
 public:
  ModelSource(const Environment& environment, std::uint64_t seed) : environment_(&environment), seed_(seed) {}

  TabularTransition operator()(std::uint64_t index) const {
    Rng rng(seed_, RandomPurpose::kTransition, 0, index);
    const int state = static_cast<int>(rng.below(static_cast<std::uint32_t>(environment_->states())));
    const int action = static_cast<int>(rng.below(static_cast<std::uint32_t>(environment_->actions())));
    return environment_->draw_step(state, action, rng);
  }

 private:
  const Environment* environment_;
  std::uint64_t seed_;
};

// A pool of transitions that were gathered before, drawn uniformly with replacement. The pool must not be empty and must
// outlive the source.
class PoolSource {
 public:
  PoolSource(std::span<const TabularTransition> pool, std::uint64_t seed) : pool_(pool), seed_(seed) {}

  TabularTransition operator()(std::uint64_t index) const {
    Rng rng(seed_, RandomPurpose::kReplay, 0, index);
    return pool_[rng.below(static_cast<std::uint32_t>(pool_.size()))];
  }

 private:
  std::span<const TabularTransition> pool_;
  std::uint64_t seed_;
};

}  // namespace prl

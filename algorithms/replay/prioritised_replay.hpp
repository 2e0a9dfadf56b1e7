// Proportional prioritised sampling from the slots of a replay, and the weights that undo its bias.
//
//   P(i) = p_i^alpha / sum_k p_k^alpha,   w_i = (N P(i))^-beta / max_k w_k = (min_k p_k^alpha / p_i^alpha)^beta
//
// Source: Schaul, Quan, Antonoglou, Silver, "Prioritized experience replay" (ICLR 2016), equations 1 and section 3.4,
// algorithm 1; the maximum is over the whole replay, so N and the sum cancel. A batch of k is stratified (appendix
// B.2.1): draw j is uniform in the j-th of k equal parts of the sum. Deviation: a slot whose priority is 0 is never drawn
// and not part of the minimum.
#pragma once

#include <span>
#include <string>

#include "algorithms/replay/reduction_tree.hpp"
#include "core/random.hpp"
#include "core/run_state.hpp"

namespace prl {

class PrioritisedReplay {
 public:
  // No slot has a priority yet. `exponent` is alpha >= 0.
  PrioritisedReplay(int capacity, float exponent);

  // p_slot = priority >= 0.
  void set_priority(int slot, float priority);
  // The largest priority that was ever set, 1 before the first: what transitions get that nothing is known of.
  float largest_priority() const { return largest_; }

  // P(slot).
  double probability(int slot) const;

  // Adds all priorities, under the number of the shard that they are of.
  void add_state(RunState& state, int shard) {
    const std::string owner = "priorities " + std::to_string(shard);
    sums_.add_state(owner + ", sums", state);
    minima_.add_state(owner + ", minima", state);
    state.add_value(owner + ", largest", largest_);
    state.add_value(owner + ", any", any_);
  }

  // Fills `slots` with one draw a stratum. Some priority must be above 0.
  void sample(Rng& rng, std::span<int> slots) const;

  // weights[j] = w of slots[j], at most 1; `exponent` is beta >= 0.
  void importance_weights(std::span<const int> slots, float exponent, std::span<float> weights) const;

 private:
  double exponent_;
  SumTree sums_;
  MinTree minima_;
  float largest_ = 1.0F;
  bool any_ = false;
};

}  // namespace prl

#include "algorithms/replay/prioritised_replay.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace prl {

PrioritisedReplay::PrioritisedReplay(int capacity, float exponent)
    : exponent_(static_cast<double>(exponent)),
      sums_(static_cast<std::size_t>(capacity)),
      minima_(static_cast<std::size_t>(capacity)) {}

void PrioritisedReplay::set_priority(int slot, float priority) {
  const auto i = static_cast<std::size_t>(slot);
  // Where alpha is 0, pow would make 1 of a priority of 0.
  const double share = priority > 0.0F ? std::pow(static_cast<double>(priority), exponent_) : 0.0;
  sums_.set(i, share);
  minima_.set(i, share > 0.0 ? share : MinOperation::kNothing);
  largest_ = any_ ? std::max(largest_, priority) : priority;
  any_ = true;
}

double PrioritisedReplay::probability(int slot) const {
  return sums_.get(static_cast<std::size_t>(slot)) / sums_.total();
}

void PrioritisedReplay::sample(Rng& rng, std::span<int> slots) const {
  const double stratum = sums_.total() / static_cast<double>(slots.size());
  for (std::size_t j = 0; j < slots.size(); ++j) {
    const double mass = (static_cast<double>(j) + rng.uniform<double>()) * stratum;
    slots[j] = static_cast<int>(find_by_mass(sums_, mass));
  }
}

void PrioritisedReplay::importance_weights(std::span<const int> slots, float exponent, std::span<float> weights) const {
  const double least = minima_.total();
  for (std::size_t j = 0; j < slots.size(); ++j) {
    const double share = sums_.get(static_cast<std::size_t>(slots[j]));
    weights[j] = static_cast<float>(std::pow(least / share, static_cast<double>(exponent)));
  }
}

}  // namespace prl

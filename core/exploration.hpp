// How a policy's outputs become actions while collecting: samples of its distribution, or the greatest action value, with
// probability epsilon any action.
//
//   scheduled        epsilon(t) = start + (end - start) min(1, t / T),  t = environment steps of the whole run so far
//   per environment  epsilon_i  = start^(1 + i alpha / (N - 1)),        i = 0 .. N - 1
//
// Source: Mnih et al., "Human-level control through deep reinforcement learning" (Nature 518, 2015), table 1 (annealed
// linearly); Horgan et al., "Distributed prioritized experience replay" (ICLR 2018), section 4.1. Deviation: none. Both
// depend on the environment and its step alone, so every collection mode has the same.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/action_distribution.hpp"
#include "core/float_math.hpp"
#include "core/random.hpp"

namespace prl {

enum class Exploration { kScheduled, kPerEnvironment, kSampled };

struct ExplorationSetting {
  Exploration kind = Exploration::kSampled;
  float epsilon_start = 1.0F;
  float epsilon_end = 0.05F;  // scheduled
  int decay_steps = 10'000;   // scheduled: T, of all environments together; 0 starts at the end
  float exponent = 7.0F;      // per environment: alpha
  int environments = 1;       // of the whole run: N
  bool dueling = false;       // how recorded action values are put together (core/action_values.hpp)
};

// The probability with which `environment` takes any action in its step `step`, both counted from 0.
inline float epsilon_of(const ExplorationSetting& setting, int environment, std::uint64_t step) {
  if (setting.kind == Exploration::kPerEnvironment) {
    const double others = std::max(1, setting.environments - 1);
    const double power = 1.0 + environment * static_cast<double>(setting.exponent) / others;
    return static_cast<float>(std::pow(static_cast<double>(setting.epsilon_start), power));
  }
  const double taken = static_cast<double>(step) * setting.environments;
  const double share = taken < setting.decay_steps ? taken / setting.decay_steps : 1.0;
  const auto start = static_cast<double>(setting.epsilon_start);
  return static_cast<float>(start + (static_cast<double>(setting.epsilon_end) - start) * share);
}

// The greatest of `values`, or with probability epsilon any of them, itself included. Returns its index and writes the
// logarithm of the probability with which it is chosen.
inline int epsilon_greedy(const float* values, int count, float epsilon, Rng& rng, float& log_prob) {
  const int greedy = greedy_categorical(values, count);
  const bool explores = rng.uniform<float>() < epsilon;
  const int chosen = explores ? static_cast<int>(rng.below(static_cast<std::uint32_t>(count))) : greedy;
  const float any = epsilon / static_cast<float>(count);
  log_prob = fast_log(chosen == greedy ? 1.0F - epsilon + any : any);
  return chosen;
}

}  // namespace prl

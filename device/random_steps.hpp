// A segment of random steps in one launch: one thread an environment, its state in registers from the first step to the
// last. Nothing is written in between, so the launch costs arithmetic only: what a device can step at most.
#pragma once

#include <cstdint>

#include "device/environment_arrays.hpp"
#include "device/random_policy.hpp"
#include "device/thread_index.hpp"

namespace prl {

// What a segment leaves behind beside the states. Does not own its arrays.
struct RandomStepSums {
  float* rewards = nullptr;          // [environments], added up in the order of time
  std::int32_t* episodes = nullptr;  // [environments] that ended
};

// Body of a kernel: `steps` steps of environment index.global(), which all environments have stepped `first_step` times.
template <Environment E>
PRL_HOST_DEVICE void take_random_steps(const ThreadIndex& index, const EnvironmentArrays<E>& environments,
                                       std::uint64_t first_step, std::int32_t steps, const RandomStepSums& sums) {
  const std::int64_t i = index.global();
  if (i >= environments.count) return;
  typename E::State state = environments.load(i);
  std::int32_t elapsed = environments.elapsed[i];
  RandomPolicy<E> policy(environments.seed, environments.number(i), first_step);
  float rewards = 0.0F;
  std::int32_t episodes = 0;
  for (std::int32_t t = 0; t < steps; ++t) {
    const typename E::Scalar action = policy.next();
    const typename E::Outcome outcome = E::step(state, &action);
    ++elapsed;
    rewards += static_cast<float>(outcome.reward);
    if (ends_of<E>(outcome, elapsed) != 0) {
      state = environments.fresh(i, first_step + static_cast<std::uint64_t>(t) + 1);
      elapsed = 0;
      ++episodes;
    }
  }
  environments.store(i, state);
  environments.elapsed[i] = elapsed;
  sums.rewards[i] = rewards;
  sums.episodes[i] = episodes;
}

}  // namespace prl

// Environments in flat arrays, one of each member of the state, so that neighbouring threads read neighbouring words;
// and the step of one of them with its autoreset, as core/vector_env.hpp does it: same order, same random numbers.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/environment.hpp"
#include "core/episode_end.hpp"
#include "core/host_device.hpp"
#include "core/random.hpp"
#include "device/thread_index.hpp"

namespace prl {

// Does not own its arrays. Environment i of `count` is number first + i of the run.
template <Environment E>
struct EnvironmentArrays {
  using Scalar = typename E::Scalar;
  using State = typename E::State;

  std::uint64_t seed = 0;
  std::uint32_t first = 0;
  std::int32_t count = 0;
  Scalar* states = nullptr;         // [kStateSize][count]
  std::int32_t* elapsed = nullptr;  // [count], steps since the reset

  PRL_HOST_DEVICE std::uint32_t number(std::int64_t i) const { return first + static_cast<std::uint32_t>(i); }

  PRL_HOST_DEVICE State load(std::int64_t i) const {
    std::array<Scalar, E::kStateSize> members;
    for (std::size_t k = 0; k < members.size(); ++k) members[k] = states[at(k, i)];
    return std::bit_cast<State>(members);
  }

  PRL_HOST_DEVICE void store(std::int64_t i, const State& state) const {
    const auto members = std::bit_cast<std::array<Scalar, E::kStateSize>>(state);
    for (std::size_t k = 0; k < members.size(); ++k) states[at(k, i)] = members[k];
  }

  // A new episode, whose random numbers are of `step`, the number of steps that every environment has taken.
  PRL_HOST_DEVICE State fresh(std::int64_t i, std::uint64_t step) const {
    Rng rng(seed, RandomPurpose::kReset, number(i), step);
    State state;
    E::reset(state, rng);
    return state;
  }

 private:
  PRL_HOST_DEVICE std::size_t at(std::size_t member, std::int64_t i) const {
    return member * static_cast<std::size_t>(count) + static_cast<std::size_t>(i);
  }
};

// kTerminated and kTruncated bits of a step, `elapsed` steps after the reset.
template <Environment E>
PRL_HOST_DEVICE std::uint8_t ends_of(const typename E::Outcome& outcome, std::int32_t elapsed) {
  return static_cast<std::uint8_t>(static_cast<std::int32_t>(outcome.terminated) * kTerminated |
                                   static_cast<std::int32_t>(elapsed >= E::kTimeLimit) * kTruncated);
}

// Body of a kernel, one thread an environment: an episode begins everywhere, as of `step` steps.
template <Environment E>
PRL_HOST_DEVICE void begin_episode(const ThreadIndex& index, const EnvironmentArrays<E>& environments,
                                   std::uint64_t step) {
  const std::int64_t i = index.global();
  if (i >= environments.count) return;
  environments.store(i, environments.fresh(i, step));
  environments.elapsed[i] = 0;
}

}  // namespace prl

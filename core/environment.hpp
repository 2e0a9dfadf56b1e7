// What an environment is: a plain struct of constants and static functions, templated over its scalar, with no virtual
// call and no branch on the state, so that a loop over many states vectorises and the same source runs on a device.
#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>

#include "core/random.hpp"

namespace prl {

// E::State holds kStateSize scalars and nothing else; VectorEnv keeps one array for each.
// E::reset(state, rng) draws a first state.
// E::step(state, action) advances the state by one step and returns an Outcome {Scalar reward; bool terminated}. `action`
//   points to kActionSize scalars; a discrete environment takes one, the action's index below kActionCount. Actions out
//   of bounds are the environment's to clip. The time limit, kTimeLimit steps, is VectorEnv's to apply: `truncated`.
// E::observe(state, observation) writes kObservationSize scalars.
template <typename E>
concept Environment = std::floating_point<typename E::Scalar> && std::is_trivially_copyable_v<typename E::State> &&
                          sizeof(typename E::State) == E::kStateSize * sizeof(typename E::Scalar) &&
                      requires(typename E::State& state, const typename E::State& seen,
                               const typename E::Scalar* action, typename E::Scalar* observation, Rng& rng) {
  { E::kName } -> std::convertible_to<std::string_view>;
  { E::kDiscrete } -> std::convertible_to<bool>;
  { E::kObservationSize } -> std::convertible_to<int>;
  { E::kActionSize } -> std::convertible_to<int>;
  { E::kActionCount } -> std::convertible_to<int>;
  { E::kTimeLimit } -> std::convertible_to<int>;
  E::reset(state, rng);
  { E::step(state, action) } -> std::same_as<typename E::Outcome>;
  { E::step(state, action).reward } -> std::convertible_to<typename E::Scalar>;
  { E::step(state, action).terminated } -> std::convertible_to<bool>;
  E::observe(seen, observation);
};

}  // namespace prl

// Many copies of one environment, stepped by one vectorised loop over a structure of arrays.
//
// Autoreset follows Gymnasium 1.x's AutoresetMode.SAME_STEP: an environment that ends is reset within the same step.
// observe() then shows the first observation of the next episode, rewards() and ends() still belong to the step that
// ended, and its last observation is in final_observations(). The time limit counts steps since the reset and may set
// `truncated` together with `terminated`.
//
// Environment i draws from Rng(seed, reset_purpose, first_environment + i, steps so far), so its episodes do not depend
// on which vector environment holds it.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/aligned_buffer.hpp"
#include "core/environment.hpp"
#include "core/episode_end.hpp"
#include "core/random.hpp"

// Tells the compiler that no iteration of the loop that follows reads what another one writes.
#if defined(__clang__)
#define PRL_INDEPENDENT_ITERATIONS _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define PRL_INDEPENDENT_ITERATIONS _Pragma("GCC ivdep")
#else
#define PRL_INDEPENDENT_ITERATIONS
#endif

namespace prl {

template <Environment E>
class VectorEnv {
 public:
  using Scalar = typename E::Scalar;
  using State = typename E::State;
  static constexpr std::string_view kAutoreset = "same-step";

  // `count` environments, the first of them numbered `first_environment` in the whole run, all reset. Throws
  // std::bad_alloc.
  VectorEnv(std::uint64_t seed, std::uint32_t first_environment, int count,
            RandomPurpose reset_purpose = RandomPurpose::kReset)
      : seed_(seed),
        first_environment_(first_environment),
        count_(count),
        reset_purpose_(reset_purpose),
        stride_(round_up_to_cache_line(static_cast<std::size_t>(count) * sizeof(Scalar)) / sizeof(Scalar)),
        states_(stride_ * E::kStateSize),
        elapsed_(static_cast<std::size_t>(count)),
        rewards_(static_cast<std::size_t>(count)),
        end_flags_(static_cast<std::size_t>(count)),
        ends_(static_cast<std::size_t>(count)),
        final_observations_(static_cast<std::size_t>(count) * E::kObservationSize) {
    reset();
  }

  int count() const { return count_; }

  // Starts a new episode everywhere. The number of steps taken, which keys the random numbers, goes on.
  void reset() {
    for (int i = 0; i < count_; ++i) {
      reset_one(i);
      ends_[index(i)] = 0;
    }
    finished_ = 0;
  }

  // As after `steps` steps in which no episode ended: a new episode everywhere, whose random numbers are of that step.
  void restart(std::uint64_t steps) {
    steps_ = steps;
    reset();
  }

  // Writes the current observations: [count][kObservationSize], row-major.
  void observe(float* rows) const {
    for (int i = 0; i < count_; ++i) observe_one(i, rows + index(i) * E::kObservationSize);
  }

  // Advances every environment by one step. `actions`: [count][kActionSize], row-major; a discrete environment's is the
  // index of the action. Does not allocate.
  void step(const float* actions) {
    ++steps_;
    finished_ = advance(actions);
    if (finished_ > 0) reset_finished();
  }

  // Of the last step: rewards [count], kTerminated and kTruncated bits [count], and how many environments ended.
  const float* rewards() const { return rewards_.data(); }
  const std::uint8_t* ends() const { return ends_.data(); }
  int finished() const { return finished_; }

  // [count][kObservationSize], row-major: the last observation of the episode that ended in the last step. A row is
  // valid where ends() is not 0.
  const float* final_observations() const { return final_observations_.data(); }

  // The state of environment i, 0 <= i < count. Setting it leaves the episode's step count as it is.
  State state(int i) const {
    std::array<Scalar, E::kStateSize> members;
    for (std::size_t k = 0; k < members.size(); ++k) members[k] = states_[k * stride_ + index(i)];
    return std::bit_cast<State>(members);
  }
  void set_state(int i, const State& state) {
    const auto members = std::bit_cast<std::array<Scalar, E::kStateSize>>(state);
    for (std::size_t k = 0; k < members.size(); ++k) states_[k * stride_ + index(i)] = members[k];
  }

  // The state of environment i with its episode's step count, as bytes; restore() takes what keep() wrote. With
  // continue_at(), the number of steps taken, another vector environment goes on from there bit by bit.
  static constexpr std::size_t kKeptBytes = E::kStateSize * sizeof(Scalar) + sizeof(std::int32_t);
  void keep(int i, std::byte* to) const {
    const State current = state(i);
    std::memcpy(to, &current, sizeof(State));
    std::memcpy(to + sizeof(State), &elapsed_[index(i)], sizeof(std::int32_t));
  }
  void restore(int i, const std::byte* from) {
    State kept;
    std::memcpy(&kept, from, sizeof(State));
    set_state(i, kept);
    std::memcpy(&elapsed_[index(i)], from + sizeof(State), sizeof(std::int32_t));
  }
  void continue_at(std::uint64_t steps) { steps_ = steps; }

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }

  // Returns how many environments ended.
  int advance(const float* actions) {
    step_states(actions);
    const std::int32_t* end_flags = end_flags_.data();
    std::uint8_t* ends = ends_.data();
    int finished = 0;
    for (std::size_t i = 0; i < index(count_); ++i) {
      ends[i] = static_cast<std::uint8_t>(end_flags[i]);
      finished += static_cast<int>(end_flags[i] != 0);
    }
    return finished;
  }

  // The vectorised loop. The end flags are as wide as the scalars in it: a byte among them would make the compiler step
  // 64 environments at a time, and leave smaller batches to scalar code.
  void step_states(const float* actions) {
    Scalar* states = states_.data();
    std::int32_t* elapsed = elapsed_.data();
    std::int32_t* end_flags = end_flags_.data();
    float* rewards = rewards_.data();
    const std::size_t stride = stride_;
    const std::size_t count = index(count_);
    PRL_INDEPENDENT_ITERATIONS
    for (std::size_t i = 0; i < count; ++i) {
      std::array<Scalar, E::kStateSize> members;
      for (std::size_t k = 0; k < members.size(); ++k) members[k] = states[k * stride + i];
      std::array<Scalar, E::kActionSize> action;
      for (std::size_t k = 0; k < action.size(); ++k) action[k] = static_cast<Scalar>(actions[i * action.size() + k]);
      State state = std::bit_cast<State>(members);
      const typename E::Outcome outcome = E::step(state, action.data());
      members = std::bit_cast<std::array<Scalar, E::kStateSize>>(state);
      for (std::size_t k = 0; k < members.size(); ++k) states[k * stride + i] = members[k];
      rewards[i] = static_cast<float>(outcome.reward);
      elapsed[i] += 1;
      end_flags[i] = static_cast<std::int32_t>(outcome.terminated) * kTerminated |
                     static_cast<std::int32_t>(elapsed[i] >= E::kTimeLimit) * kTruncated;
    }
  }

  void reset_finished() {
    for (int i = 0; i < count_; ++i) {
      if (ends_[index(i)] == 0) continue;
      observe_one(i, final_observations_.data() + index(i) * E::kObservationSize);
      reset_one(i);
    }
  }

  void reset_one(int i) {
    Rng rng(seed_, reset_purpose_, first_environment_ + static_cast<std::uint32_t>(i), steps_);
    State fresh;
    E::reset(fresh, rng);
    set_state(i, fresh);
    elapsed_[index(i)] = 0;
  }

  void observe_one(int i, float* row) const {
    std::array<Scalar, E::kObservationSize> observation;
    E::observe(state(i), observation.data());
    for (std::size_t k = 0; k < observation.size(); ++k) row[k] = static_cast<float>(observation[k]);
  }

  std::uint64_t seed_;
  std::uint32_t first_environment_;
  int count_;
  RandomPurpose reset_purpose_;
  std::uint64_t steps_ = 0;
  std::size_t stride_;
  AlignedBuffer<Scalar> states_;
  AlignedBuffer<std::int32_t> elapsed_;
  AlignedBuffer<float> rewards_;
  AlignedBuffer<std::int32_t> end_flags_;
  AlignedBuffer<std::uint8_t> ends_;
  AlignedBuffer<float> final_observations_;
  int finished_ = 0;
};

}  // namespace prl

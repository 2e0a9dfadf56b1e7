// Finite-horizon dynamic programming for Pendulum-v1 on a grid of states, undiscounted:
//
//   V_200(s) = 0,   V_t(s) = max over u of [ r(s, u) + V_{t+1}(f(s, u)) ],   t = 199 .. 0,
//
// with r and f from envs/pendulum.hpp, u on an even grid of torques, and V_{t+1} interpolated bilinearly between grid
// points. Source: R. Bellman, "Dynamic Programming" (1957), chapter III.
//
// V_0 has the error of the interpolation, which shrinks with the grid. The policy that is greedy for these values needs
// no such trust: what it collects under the exact dynamics is a return that can be had.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

#include <oneapi/tbb/parallel_for.h>

#include "core/aligned_buffer.hpp"
#include "core/vector_env.hpp"
#include "envs/pendulum.hpp"

namespace prl {

class PendulumDynamicProgram {
 public:
  using Dynamics = Pendulum<float>;
  using State = Dynamics::State;
  static constexpr int kHorizon = Dynamics::kTimeLimit;

  // `grid` points along the angle and along the speed, `actions` torques, each at least 2. Solves at once, with all
  // threads of oneTBB. Takes about 800 grid^2 bytes. Throws std::bad_alloc.
  PendulumDynamicProgram(int grid, int actions)
      : columns_(static_cast<std::size_t>(grid)),
        padding_(static_cast<std::size_t>(std::ceil(kMaxTurn * static_cast<float>(grid) / kFullTurn)) + 2),
        rows_(columns_ + 2 * padding_),
        angle_step_(kFullTurn / static_cast<float>(grid)),
        speed_step_(2 * Dynamics::kMaxSpeed / static_cast<float>(grid - 1)),
        values_(rows_ * columns_ * (kHorizon + 1)) {
    for (std::size_t j = 0; j < columns_; ++j) speeds_.push_back(speed_of(j));
    for (int a = 0; a < actions; ++a) {
      torques_.push_back(Dynamics::kMaxTorque *
                         (2.0F * static_cast<float>(a) / static_cast<float>(actions - 1) - 1.0F));
    }
    for (int t = kHorizon - 1; t >= 0; --t) sweep(t);
  }

  // V_t(state), its angle in [-pi, pi].
  float value(int t, const State& state) const { return interpolate(table(t), state); }

  // The torque that is greedy for V_{t+1} in `state`, its angle in [-pi, pi]. `scratch` holds a float for each torque.
  float greedy_torque(int t, const State& state, std::vector<float>& scratch) const {
    const float* next = table(t + 1);
    scratch.resize(torques_.size());
    float* outcomes = scratch.data();
    PRL_INDEPENDENT_ITERATIONS
    for (std::size_t a = 0; a < torques_.size(); ++a) outcomes[a] = action_value(next, state, torques_[a]);
    const auto best = std::max_element(scratch.begin(), scratch.end()) - scratch.begin();
    return torques_[static_cast<std::size_t>(best)];
  }

  // The mean of V_0 over the reset distribution: angle uniform over the turn, speed uniform in [-1, 1].
  double mean_initial_value() const {
    constexpr int kSpeeds = 2000;
    double sum = 0.0;
    for (std::size_t i = padding_; i < padding_ + columns_; ++i) {
      for (int k = 0; k < kSpeeds; ++k) {
        const float speed = (2.0F * static_cast<float>(k) + 1.0F) / kSpeeds - 1.0F;
        sum += static_cast<double>(value(0, {angle_of(i), speed}));
      }
    }
    return sum / (static_cast<double>(columns_) * kSpeeds);
  }

 private:
  static constexpr float kPi = std::numbers::pi_v<float>;
  static constexpr float kFullTurn = 2 * kPi;
  static constexpr float kMaxTurn = 0.4F;  // In one step, radians: the largest speed times 0.05 s.

  // Row i of a table is an angle; the `padding_` rows at either end repeat those at the other, so that a step over the
  // seam at pi needs no wrapping. Column j is a speed.
  float angle_of(std::size_t i) const {
    return (static_cast<float>(i) - static_cast<float>(padding_)) * angle_step_ - kPi;
  }
  float speed_of(std::size_t j) const { return static_cast<float>(j) * speed_step_ - Dynamics::kMaxSpeed; }

  float* table(int t) { return values_.data() + static_cast<std::size_t>(t) * rows_ * columns_; }
  const float* table(int t) const { return values_.data() + static_cast<std::size_t>(t) * rows_ * columns_; }

  float interpolate(const float* values, const State& state) const {
    const float row = (state.theta + kPi) / angle_step_ + static_cast<float>(padding_);
    const float column = (state.theta_dot + Dynamics::kMaxSpeed) / speed_step_;
    const int i = static_cast<int>(row);
    const int j = std::min(static_cast<int>(column), static_cast<int>(columns_) - 2);
    const float above = row - static_cast<float>(i);
    const float right = column - static_cast<float>(j);
    const int width = static_cast<int>(columns_);
    const int corner = i * width + j;
    const float lower = values[corner] + right * (values[corner + 1] - values[corner]);
    const float upper = values[corner + width] + right * (values[corner + width + 1] - values[corner + width]);
    return lower + above * (upper - lower);
  }

  float action_value(const float* next, State state, float torque) const {
    const Dynamics::Outcome outcome = Dynamics::step(state, &torque);
    return outcome.reward + interpolate(next, state);
  }

  void sweep(int t) {
    oneapi::tbb::parallel_for(std::size_t{0}, columns_, [this, t](std::size_t i) { maximise_row(t, i + padding_); });
    float* values = table(t);
    for (std::size_t i = 0; i < padding_; ++i) {
      std::copy_n(values + (i + columns_) * columns_, columns_, values + i * columns_);
      std::copy_n(values + (i + padding_) * columns_, columns_, values + (i + padding_ + columns_) * columns_);
    }
  }

  void maximise_row(int t, std::size_t i) {
    const float* next = table(t + 1);
    const float* speeds = speeds_.data();
    float* best = table(t) + i * columns_;
    const float angle = angle_of(i);
    // A torque for each lane: the clipping of one that they share becomes a branch, and the loop stays scalar.
    std::vector<float> torques(columns_);
    std::fill_n(best, columns_, -std::numeric_limits<float>::infinity());
    for (const float torque : torques_) {
      std::fill(torques.begin(), torques.end(), torque);
      PRL_INDEPENDENT_ITERATIONS
      for (std::size_t j = 0; j < columns_; ++j) {
        const float outcome = action_value(next, {angle, speeds[j]}, torques[j]);
        best[j] = best[j] < outcome ? outcome : best[j];
      }
    }
  }

  std::size_t columns_;
  std::size_t padding_;
  std::size_t rows_;
  float angle_step_;
  float speed_step_;
  std::vector<float> speeds_;
  std::vector<float> torques_;
  AlignedBuffer<float> values_;
};

}  // namespace prl

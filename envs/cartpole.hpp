// CartPole-v1: keep a pole upright on a cart that is pushed left or right with 10 N.
//
//   temp        = (F + m_p l theta_dot^2 sin theta) / M
//   theta_acc   = (g sin theta - temp cos theta) / (l (4/3 - m_p cos^2 theta / M))
//   x_acc       = temp - m_p l theta_acc cos theta / M
//   explicit Euler with tau = 0.02; g = 9.8, m_p = 0.1, M = 1.1, l = 0.5 (half the pole)
//   terminated when |x| > 2.4 or |theta| > 12 degrees; reward 1 for every step, the terminating one included
//
// Source: Barto, Sutton, Anderson, "Neuronlike adaptive elements" (IEEE SMC-13, 1983), in the form of Gymnasium 1.x,
// gymnasium/envs/classic_control/cartpole.py.
// Deviation: none. Steps after termination, which Gymnasium rewards with 0, do not occur: VectorEnv resets first.
#pragma once

#include <cmath>
#include <numbers>
#include <string_view>

#include "core/float_math.hpp"
#include "core/host_device.hpp"
#include "core/random.hpp"

namespace prl {

template <typename Real>
struct CartPole {
  using Scalar = Real;
  static constexpr std::string_view kName = "CartPole-v1";
  static constexpr bool kDiscrete = true;
  static constexpr int kStateSize = 4;
  static constexpr int kObservationSize = 4;
  static constexpr int kActionSize = 1;
  static constexpr int kActionCount = 2;
  static constexpr int kTimeLimit = 500;

  static constexpr Real kMaxPosition = Real(2.4);                           // metres
  static constexpr Real kMaxAngle = Real(12 * 2 * std::numbers::pi / 360);  // radians

  struct State {
    Real x;          // metres
    Real x_dot;      // metres per second
    Real theta;      // radians
    Real theta_dot;  // radians per second
  };

  struct Outcome {
    Real reward;
    bool terminated;
  };

  // Every component uniform in [-0.05, 0.05).
  PRL_HOST_DEVICE static void reset(State& state, Rng& rng) {
    constexpr Real kBound = Real(0.05);
    state.x = rng.uniform<Real>(-kBound, kBound);
    state.x_dot = rng.uniform<Real>(-kBound, kBound);
    state.theta = rng.uniform<Real>(-kBound, kBound);
    state.theta_dot = rng.uniform<Real>(-kBound, kBound);
  }

  // One step of 0.02 s; action[0] is 0 (push left) or 1 (push right).
  PRL_HOST_DEVICE static Outcome step(State& state, const Real* action) {
    constexpr Real kTimeStep = Real(0.02);
    constexpr Real kGravity = Real(9.8);
    constexpr Real kPoleMass = Real(0.1);
    constexpr Real kTotalMass = Real(0.1 + 1.0);
    constexpr Real kHalfLength = Real(0.5);
    constexpr Real kPoleMassLength = Real(0.1 * 0.5);
    const Real force = action[0] > Real(0.5) ? Real(10) : Real(-10);
    const Real cos_theta = cosine(state.theta);
    const Real sin_theta = sine(state.theta);
    const Real temp = (force + kPoleMassLength * (state.theta_dot * state.theta_dot) * sin_theta) / kTotalMass;
    const Real inertia = kHalfLength * (Real(4.0 / 3.0) - kPoleMass * (cos_theta * cos_theta) / kTotalMass);
    const Real theta_acceleration = (kGravity * sin_theta - cos_theta * temp) / inertia;
    const Real x_acceleration = temp - kPoleMassLength * theta_acceleration * cos_theta / kTotalMass;
    state.x = state.x + kTimeStep * state.x_dot;
    state.x_dot = state.x_dot + kTimeStep * x_acceleration;
    state.theta = state.theta + kTimeStep * state.theta_dot;
    state.theta_dot = state.theta_dot + kTimeStep * theta_acceleration;
    const bool off_track = std::abs(state.x) > kMaxPosition;
    const bool fallen = std::abs(state.theta) > kMaxAngle;
    // Not `||`: a branch here would keep the loop over environments from being vectorised.
    return {Real(1), static_cast<bool>(off_track | fallen)};
  }

  // The state itself: (x, x_dot, theta, theta_dot).
  PRL_HOST_DEVICE static void observe(const State& state, Real* observation) {
    observation[0] = state.x;
    observation[1] = state.x_dot;
    observation[2] = state.theta;
    observation[3] = state.theta_dot;
  }
};

}  // namespace prl

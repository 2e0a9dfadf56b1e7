// Pendulum-v1: swing a rod up and hold it there with a torque too weak to lift it at once. Angle 0 is upright.
//
//   reward = -(wrap(theta)^2 + 0.1 theta_dot^2 + 0.001 u^2),  u = clip(action, -2, 2)
//   theta_dot <- clip(theta_dot + (3 g / (2 l) sin(theta) + 3 / (m l^2) u) dt, -8, 8)
//   theta     <- theta + theta_dot dt,                        g = 10, m = l = 1, dt = 0.05
//
// Source: Gymnasium 1.x, gymnasium/envs/classic_control/pendulum.py.
// Deviation: none in double with a double action. Gymnasium computes 3 u and u^2 in single precision when its action is
// (NumPy 2), which moves theta_dot by up to 2e-8; here the torque is converted first.
#pragma once

#include <cmath>
#include <numbers>
#include <string_view>

#include "core/float_math.hpp"
#include "core/host_device.hpp"
#include "core/random.hpp"
#include "envs/angle.hpp"

namespace prl {

template <typename Real>
struct Pendulum {
  using Scalar = Real;
  static constexpr std::string_view kName = "Pendulum-v1";
  static constexpr bool kDiscrete = false;
  static constexpr int kStateSize = 2;
  static constexpr int kObservationSize = 3;
  static constexpr int kActionSize = 1;
  static constexpr int kActionCount = 0;
  static constexpr int kTimeLimit = 200;

  static constexpr Real kMaxSpeed = Real(8);        // radians per second
  static constexpr Real kMaxTorque = Real(2);       // newton metres
  static constexpr Real kActionBound = kMaxTorque;  // of the action space, either way

  struct State {
    Real theta;      // radians, not wrapped
    Real theta_dot;  // radians per second
  };

  struct Outcome {
    Real reward;
    bool terminated;
  };

  // theta uniform in [-pi, pi), theta_dot in [-1, 1).
  PRL_HOST_DEVICE static void reset(State& state, Rng& rng) {
    state.theta = rng.uniform<Real>(-kPi, kPi);
    state.theta_dot = rng.uniform<Real>(Real(-1), Real(1));
  }

  // One step of 0.05 s with the torque action[0]. Never terminates.
  PRL_HOST_DEVICE static Outcome step(State& state, const Real* action) {
    constexpr Real kTimeStep = Real(0.05);
    constexpr Real kGravityFactor = Real(15);  // 3 g / (2 l)
    constexpr Real kTorqueFactor = Real(3);    // 3 / (m l^2)
    const Real torque = clip(action[0], -kMaxTorque, kMaxTorque);
    const Real angle = wrap(state.theta);
    const Real cost = angle * angle + Real(0.1) * (state.theta_dot * state.theta_dot) + Real(0.001) * (torque * torque);
    const Real acceleration = kGravityFactor * sine(state.theta) + kTorqueFactor * torque;
    state.theta_dot = clip(state.theta_dot + acceleration * kTimeStep, -kMaxSpeed, kMaxSpeed);
    state.theta = state.theta + state.theta_dot * kTimeStep;
    return {-cost, false};
  }

  // (cos theta, sin theta, theta_dot).
  PRL_HOST_DEVICE static void observe(const State& state, Real* observation) {
    observation[0] = cosine(state.theta);
    observation[1] = sine(state.theta);
    observation[2] = state.theta_dot;
  }

 private:
  static constexpr Real kPi = std::numbers::pi_v<Real>;

  // The angle in [-pi, pi] that differs from `angle` by whole turns.
  PRL_HOST_DEVICE static Real wrap(Real angle) {
    if constexpr (sizeof(Real) == sizeof(float)) {
      return wrap_to_half_turn(angle);
    } else {
      // Python's modulo: the remainder takes the sign of the divisor. The same operations give the same bits.
      const Real remainder = std::fmod(angle + kPi, 2 * kPi);
      return (remainder < 0 ? remainder + 2 * kPi : remainder) - kPi;
    }
  }
};

}  // namespace prl

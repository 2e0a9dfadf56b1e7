// Acrobot-v1: swing the free end of two hanging links above a height of 1 with a torque at the joint between them.
// theta1 is the first link's angle from hanging down, theta2 the second one's relative to the first.
//
//   d1   = m lc^2 + m (l^2 + lc^2 + 2 l lc cos theta2) + 2 I,     d2 = m (lc^2 + l lc cos theta2) + I
//   phi2 = m lc g cos(theta1 + theta2 - pi/2)
//   phi1 = -m l lc theta2_dot^2 sin theta2 - 2 m l lc theta2_dot theta1_dot sin theta2
//          + (m lc + m l) g cos(theta1 - pi/2) + phi2
//   theta2_acc = (u + d2 / d1 phi1 - m l lc theta1_dot^2 sin theta2 - phi2) / (m lc^2 + I - d2^2 / d1)
//   theta1_acc = -(d2 theta2_acc + phi1) / d1
//   classical Runge-Kutta of order 4 over 0.2 s; then angles wrapped to [-pi, pi], |theta1_dot| <= 4 pi,
//   |theta2_dot| <= 9 pi;    m = l = I = 1, lc = 0.5, g = 9.8
//   terminated when -cos theta1 - cos(theta1 + theta2) > 1, with reward 0; every other step has reward -1
//
// Source: Sutton, Barto, "Reinforcement learning: an introduction" (the dynamics of the book, not of the NIPS 1995
// paper), in the form of Gymnasium 1.x, gymnasium/envs/classic_control/acrobot.py.
// Deviation: none. Sums are ordered as Gymnasium's, so in double the two differ by what their sines and cosines differ.
#pragma once

#include <numbers>
#include <string_view>

#include "core/float_math.hpp"
#include "core/host_device.hpp"
#include "core/random.hpp"
#include "envs/angle.hpp"

namespace prl {

template <typename Real>
struct Acrobot {
  using Scalar = Real;
  static constexpr std::string_view kName = "Acrobot-v1";
  static constexpr bool kDiscrete = true;
  static constexpr int kStateSize = 4;
  static constexpr int kObservationSize = 6;
  static constexpr int kActionSize = 1;
  static constexpr int kActionCount = 3;
  static constexpr int kTimeLimit = 500;

  static constexpr Real kMaxSpeed1 = Real(4 * std::numbers::pi);  // radians per second
  static constexpr Real kMaxSpeed2 = Real(9 * std::numbers::pi);  // radians per second
  static constexpr Real kGoalHeight = Real(1);                    // metres above the fixed end

  struct State {
    Real theta1;      // radians, wrapped
    Real theta2;      // radians, wrapped
    Real theta1_dot;  // radians per second
    Real theta2_dot;  // radians per second
  };

  struct Outcome {
    Real reward;
    bool terminated;
  };

  // Every component uniform in [-0.1, 0.1).
  PRL_HOST_DEVICE static void reset(State& state, Rng& rng) {
    constexpr Real kBound = Real(0.1);
    state.theta1 = rng.uniform<Real>(-kBound, kBound);
    state.theta2 = rng.uniform<Real>(-kBound, kBound);
    state.theta1_dot = rng.uniform<Real>(-kBound, kBound);
    state.theta2_dot = rng.uniform<Real>(-kBound, kBound);
  }

  // One step of 0.2 s; action[0] is 0, 1 or 2 for a torque of -1, 0 or 1 newton metres.
  PRL_HOST_DEVICE static Outcome step(State& state, const Real* action) {
    constexpr Real kTimeStep = Real(0.2);
    const Real torque = action[0] - Real(1);
    const State k1 = derivative(state, torque);
    const State k2 = derivative(moved(state, k1, kTimeStep / 2), torque);
    const State k3 = derivative(moved(state, k2, kTimeStep / 2), torque);
    const State k4 = derivative(moved(state, k3, kTimeStep), torque);
    const State sum = {weighted(k1.theta1, k2.theta1, k3.theta1, k4.theta1),
                       weighted(k1.theta2, k2.theta2, k3.theta2, k4.theta2),
                       weighted(k1.theta1_dot, k2.theta1_dot, k3.theta1_dot, k4.theta1_dot),
                       weighted(k1.theta2_dot, k2.theta2_dot, k3.theta2_dot, k4.theta2_dot)};
    state = moved(state, sum, kTimeStep / 6);
    state.theta1 = wrap(state.theta1);
    state.theta2 = wrap(state.theta2);
    state.theta1_dot = clip(state.theta1_dot, -kMaxSpeed1, kMaxSpeed1);
    state.theta2_dot = clip(state.theta2_dot, -kMaxSpeed2, kMaxSpeed2);
    const bool terminated = -cosine(state.theta1) - cosine(state.theta2 + state.theta1) > kGoalHeight;
    return {terminated ? Real(0) : Real(-1), terminated};
  }

  // (cos theta1, sin theta1, cos theta2, sin theta2, theta1_dot, theta2_dot).
  PRL_HOST_DEVICE static void observe(const State& state, Real* observation) {
    observation[0] = cosine(state.theta1);
    observation[1] = sine(state.theta1);
    observation[2] = cosine(state.theta2);
    observation[3] = sine(state.theta2);
    observation[4] = state.theta1_dot;
    observation[5] = state.theta2_dot;
  }

 private:
  static constexpr Real kPi = std::numbers::pi_v<Real>;

  // The state's rate of change. Masses of 1 are left out.
  PRL_HOST_DEVICE static State derivative(const State& s, Real torque) {
    constexpr Real kLength = Real(1);
    constexpr Real kCentre = Real(0.5);  // of mass, from the link's upper end
    constexpr Real kInertia = Real(1);
    constexpr Real kGravity = Real(9.8);
    constexpr Real kCoupling = kLength * kCentre;
    const Real cos_theta2 = cosine(s.theta2);
    const Real sin_theta2 = sine(s.theta2);
    const Real d1 =
        kCentre * kCentre + (kLength * kLength + kCentre * kCentre + 2 * kCoupling * cos_theta2) + kInertia + kInertia;
    const Real d2 = kCentre * kCentre + kCoupling * cos_theta2 + kInertia;
    const Real phi2 = kCentre * kGravity * cosine(s.theta1 + s.theta2 - kPi / 2);
    const Real phi1 = -kCoupling * (s.theta2_dot * s.theta2_dot) * sin_theta2 -
                      2 * kCoupling * s.theta2_dot * s.theta1_dot * sin_theta2 +
                      (kCentre + kLength) * kGravity * cosine(s.theta1 - kPi / 2) + phi2;
    const Real theta2_acceleration =
        (torque + d2 / d1 * phi1 - kCoupling * (s.theta1_dot * s.theta1_dot) * sin_theta2 - phi2) /
        (kCentre * kCentre + kInertia - d2 * d2 / d1);
    const Real theta1_acceleration = -(d2 * theta2_acceleration + phi1) / d1;
    return {s.theta1_dot, s.theta2_dot, theta1_acceleration, theta2_acceleration};
  }

  PRL_HOST_DEVICE static State moved(const State& s, const State& rate, Real time) {
    return {s.theta1 + time * rate.theta1, s.theta2 + time * rate.theta2, s.theta1_dot + time * rate.theta1_dot,
            s.theta2_dot + time * rate.theta2_dot};
  }

  PRL_HOST_DEVICE static Real weighted(Real k1, Real k2, Real k3, Real k4) { return k1 + 2 * k2 + 2 * k3 + k4; }

  PRL_HOST_DEVICE static Real wrap(Real angle) {
    if constexpr (sizeof(Real) == sizeof(float)) {
      return wrap_to_half_turn(angle);
    } else {
      // As Gymnasium does, turn by turn; both ends of [-pi, pi] stay as they are.
      while (angle > kPi) angle -= 2 * kPi;
      while (angle < -kPi) angle += 2 * kPi;
      return angle;
    }
  }
};

}  // namespace prl

// MountainCarContinuous-v0: drive out of a valley with an engine too weak to climb its right side at once, and pay for
// the force.
//
//   velocity <- clip(velocity + 0.0015 clip(a, -1, 1) - 0.0025 cos(3 position), -0.07, 0.07)
//   position <- clip(position + velocity, -1.2, 0.6);    velocity <- 0 at -1.2 when it points left (a wall)
//   terminated when position >= 0.45 and velocity >= 0;  reward = 100 if terminated, less 0.1 a^2, a not clipped
//
// Source: Moore, "Efficient memory-based learning for robot control" (1990), in the form of Gymnasium 1.x,
// gymnasium/envs/classic_control/continuous_mountain_car.py, which keeps the state in single precision between steps;
// so does this, in double as well.
// Deviation: none in float, up to the cosine's last bits. In double a step is computed in double before it is rounded,
// as Gymnasium does with a state and an action in double; from a state in single precision NumPy 2 computes the step in
// single precision, which moves the next state by up to a unit in its last place.
#pragma once

#include <string_view>

#include "core/float_math.hpp"
#include "core/host_device.hpp"
#include "core/random.hpp"

namespace prl {

template <typename Real>
struct MountainCarContinuous {
  using Scalar = Real;
  static constexpr std::string_view kName = "MountainCarContinuous-v0";
  static constexpr bool kDiscrete = false;
  static constexpr int kStateSize = 2;
  static constexpr int kObservationSize = 2;
  static constexpr int kActionSize = 1;
  static constexpr int kActionCount = 0;
  static constexpr int kTimeLimit = 999;

  static constexpr Real kMinPosition = Real(-1.2);
  static constexpr Real kMaxPosition = Real(0.6);
  static constexpr Real kGoalPosition = Real(0.45);
  static constexpr Real kMaxSpeed = Real(0.07);
  static constexpr Real kMaxForce = Real(1);
  static constexpr Real kActionBound = kMaxForce;  // of the action space, either way

  struct State {
    Real position;
    Real velocity;  // position a step
  };

  struct Outcome {
    Real reward;
    bool terminated;
  };

  // position uniform in [-0.6, -0.4), at rest.
  PRL_HOST_DEVICE static void reset(State& state, Rng& rng) {
    state.position = rng.uniform<Real>(Real(-0.6), Real(-0.4));
    state.velocity = Real(0);
  }

  // One step with the force action[0].
  PRL_HOST_DEVICE static Outcome step(State& state, const Real* action) {
    constexpr Real kPower = Real(0.0015);
    constexpr Real kGravity = Real(0.0025);
    constexpr Real kGoalReward = Real(100);
    constexpr Real kForceCost = Real(0.1);
    const Real force = clip(action[0], -kMaxForce, kMaxForce);
    const Real acceleration = force * kPower - kGravity * cosine(3 * state.position);
    const Real velocity = masked_clip(state.velocity + acceleration, -kMaxSpeed, kMaxSpeed);
    const Real position = masked_clip(state.position + velocity, kMinPosition, kMaxPosition);
    // Not `&&` or `?:`: branches would keep the loop over environments from being vectorised.
    const bool hits_wall = (position == kMinPosition) & (velocity < Real(0));
    const bool terminated = (position >= kGoalPosition) & (velocity >= Real(0));
    state.position = in_single(position);
    state.velocity = in_single(masked_select(hits_wall, Real(0), velocity));
    return {masked_select(terminated, kGoalReward, Real(0)) - action[0] * action[0] * kForceCost, terminated};
  }

  // The state itself: (position, velocity).
  PRL_HOST_DEVICE static void observe(const State& state, Real* observation) {
    observation[0] = state.position;
    observation[1] = state.velocity;
  }

 private:
  // x, rounded to the nearest number of single precision, by Veltkamp's splitting: of conversions to float and back,
  // g++ 12 keeps the numbers as they were where it vectorises two of them together.
  PRL_HOST_DEVICE static Real in_single(Real x) {
    if constexpr (sizeof(Real) == sizeof(float)) {
      return x;
    } else {
      const Real scaled = x * (Real(1 << 29) + Real(1));
      return scaled - (scaled - x);
    }
  }
};

}  // namespace prl

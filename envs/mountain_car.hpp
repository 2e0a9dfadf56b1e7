// MountainCar-v0: drive out of a valley with an engine too weak to climb its right side at once.
//
//   velocity <- clip(velocity + (a - 1) 0.001 - 0.0025 cos(3 position), -0.07, 0.07)
//   position <- clip(position + velocity, -1.2, 0.6);    velocity <- 0 at -1.2 when it points left (a wall)
//   terminated when position >= 0.5 and velocity >= 0; reward -1 for every step, the terminating one included
//
// Source: Moore, "Efficient memory-based learning for robot control" (1990), in the form of Gymnasium 1.x,
// gymnasium/envs/classic_control/mountain_car.py.
// Deviation: none.
#pragma once

#include <string_view>

#include "core/float_math.hpp"
#include "core/host_device.hpp"
#include "core/random.hpp"

namespace prl {

template <typename Real>
struct MountainCar {
  using Scalar = Real;
  static constexpr std::string_view kName = "MountainCar-v0";
  static constexpr bool kDiscrete = true;
  static constexpr int kStateSize = 2;
  static constexpr int kObservationSize = 2;
  static constexpr int kActionSize = 1;
  static constexpr int kActionCount = 3;
  static constexpr int kTimeLimit = 200;

  static constexpr Real kMinPosition = Real(-1.2);
  static constexpr Real kMaxPosition = Real(0.6);
  static constexpr Real kGoalPosition = Real(0.5);
  static constexpr Real kMaxSpeed = Real(0.07);

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

  // One step; action[0] is 0 (accelerate left), 1 (roll) or 2 (accelerate right).
  PRL_HOST_DEVICE static Outcome step(State& state, const Real* action) {
    constexpr Real kForce = Real(0.001);
    constexpr Real kGravity = Real(0.0025);
    const Real acceleration = (action[0] - Real(1)) * kForce + cosine(3 * state.position) * -kGravity;
    const Real velocity = masked_clip(state.velocity + acceleration, -kMaxSpeed, kMaxSpeed);
    state.position = masked_clip(state.position + velocity, kMinPosition, kMaxPosition);
    // Not `&&` or `?:`: branches would keep the loop over environments from being vectorised.
    const bool hits_wall = (state.position == kMinPosition) & (velocity < Real(0));
    const bool terminated = (state.position >= kGoalPosition) & (velocity >= Real(0));
    state.velocity = masked_select(hits_wall, Real(0), velocity);
    return {Real(-1), terminated};
  }

  // The state itself: (position, velocity).
  PRL_HOST_DEVICE static void observe(const State& state, Real* observation) {
    observation[0] = state.position;
    observation[1] = state.velocity;
  }
};

}  // namespace prl

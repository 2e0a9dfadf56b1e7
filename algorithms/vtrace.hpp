// V-trace: value targets and policy-gradient advantages from trajectories of another policy.
//
//   w_t = pi(a_t|s_t) / mu(a_t|s_t),   rho_t = min(rho_bar, w_t),   c_t = lambda min(c_bar, w_t)
//   delta_t = rho_t (r_t + gamma V(s_{t+1}) - V(s_t))
//   v_t = V(s_t) + sum_{k >= t} gamma^(k-t) (c_t ... c_{k-1}) delta_k
//       = V(s_t) + delta_t + gamma c_t (v_{t+1} - V(s_{t+1}))
//   A_t = rho_t (r_t + gamma v_{t+1} - V(s_t))
//
// The sum is cut where an episode ends and at the end of the segment: v_{t+1} = V(s_{t+1}) there, which is 0 after
// termination, the value of the final observation after truncation, of the next observation at the segment's end. All
// values are the learner's. With pi = mu, rho_bar >= 1, c_bar >= 1 and lambda 1, v_t is the n-step return.
//
// Source: Espeholt et al., "IMPALA: scalable distributed deep-RL with importance weighted actor-learner architectures"
// (ICML 2018), equation 1, remarks 1 and 2, and section 4.2 for A_t. Deviation: none; the paper does not say what follows
// a time limit, the bootstrap there is Pardo et al.'s ("Time limits in reinforcement learning", ICML 2018).
#pragma once

#include <cstdint>
#include <span>

namespace prl {

struct VtraceCoefficients {
  float gamma = 0.99F;
  float lambda = 1.0F;
  float rho_bar = 1.0F;
  float c_bar = 1.0F;
};

// One environment's trajectory, each array [steps].
struct VtraceTrajectory {
  const float* rewards = nullptr;
  const std::uint8_t* ends = nullptr;  // core/episode_end.hpp
  const float* log_ratios = nullptr;   // ln w_t
  const float* values = nullptr;       // V(s_t)
  const float* bootstrap = nullptr;    // V(s_{t+1}) where the sum is cut and 0 elsewhere, as in core/segment.hpp
};

// Writes v_t to `targets` and A_t to `advantages`, both [steps].
void vtrace(const VtraceTrajectory& trajectory, int steps, const VtraceCoefficients& coefficients,
            std::span<float> targets, std::span<float> advantages);

}  // namespace prl

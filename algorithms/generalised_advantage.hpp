// Generalised advantage estimation.
//
//   delta_t = r_t + gamma V(s_{t+1}) - V(s_t),     A_t = delta_t + gamma lambda A_{t+1},     R_t = A_t + V(s_t)
//
// The recursion is cut where an episode ends and at the end of the segment: A_{t+1} = 0 there, and V(s_{t+1}) is 0 after
// termination, the value of the final observation after truncation, of the next observation at the segment's end.
// With lambda 1, R_t is the n-step return r_t + gamma r_{t+1} + ... + gamma^n V(s_{t+n}), n being the steps to the cut.
//
// Source: Schulman, Moritz, Levine, Jordan, Abbeel, "High-dimensional continuous control using generalized advantage
// estimation" (ICLR 2016), equations 11 to 16. The bootstrap at truncation follows Pardo et al., "Time limits in
// reinforcement learning" (ICML 2018), section 3. Deviation: none.
#pragma once

#include <span>

#include "core/segment.hpp"

namespace prl {

// Advantages and returns of one environment's trajectory, each trajectory-length ([steps]).
void generalised_advantage(const TrajectoryView& trajectory, int steps, float gamma, float lambda,
                           std::span<float> advantages, std::span<float> returns);

}  // namespace prl

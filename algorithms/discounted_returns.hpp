// Monte-Carlo returns of the episodes of a trajectory.
//
//   reward to go    G_t = r_t + gamma G_{t+1},  0 after the episode's last step
//   whole episode   G_t = G of the episode's first step, for all of its steps
//
// Source: Sutton and Barto, "Reinforcement learning" (2nd edition), equations 3.8 and 3.9; that rewards before t may be
// left out of the policy gradient, section 13.3. Nothing is bootstrapped: a truncated episode's return is the sum of the
// rewards that it had, as in document D0, and an episode that goes on beyond the segment counts up to its end.
// n-step returns are generalised_advantage()'s with lambda 1.
#pragma once

#include <span>

#include "core/segment.hpp"

namespace prl {

enum class ReturnKind { kWholeEpisode, kRewardToGo };

// Returns of one environment's trajectory of `steps` steps, [steps]; reads its rewards and ends.
void discounted_returns(const TrajectoryView& trajectory, int steps, float gamma, ReturnKind kind,
                        std::span<float> returns);

}  // namespace prl

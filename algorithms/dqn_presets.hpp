// Named DQN settings.
//
//   tuned         what DQN can do on CartPole-v1: double, squared loss, an update every second step. Chosen by a small
//                 sweep over loss, steps a transition, target interval, batch, width and exploration with other seeds
//                 than the reports'.
//   apex          the parts of Horgan et al., "Distributed prioritized experience replay" (ICLR 2018), appendix C:
//                 prioritised replay (alpha 0.6, beta 0.4) with first priorities by the actors, double, dueling, 3
//                 steps, an epsilon of each environment from 0.4 to 0.4^8. Sizes and rates are chosen for CartPole-v1.
//   d1            document D1's program as printed: hidden 64, Adam 1e-3, greedy, no target network, batches of the 8,000
//                 newest transitions, each used once. Its two crashes are repaired: the unpacking, and gamma, which it does
//                 not define: 0.99. The document leaves open: relu, squared loss, Adam's epsilon 1e-8, as PyTorch's users
//                 would most likely run it. Its 8 agents are --collect processes --workers 8 --envs 8 --schedule
//                 free-running; a segment of theirs is 1,000 steps, so --queue-depth 1 is its queue of 1,000 transitions an
//                 agent. As printed, forked agents never see new weights: --publish-weights false.
//   d1-repaired   the same network and optimiser with what DQN needs: exploration, a target network, a replay. Its agents'
//                 queues are --steps-per-round 1000 --queue-depth 8: 8 segments of 125 steps.
#pragma once

#include <string_view>
#include <vector>

#include "algorithms/rules.hpp"

namespace prl {

// The presets for an environment, in the order in which they are listed.
std::vector<RulePreset> dqn_presets(std::string_view environment);

}  // namespace prl

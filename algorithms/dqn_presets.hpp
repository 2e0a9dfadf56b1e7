// Named DQN settings.
//
//   tuned         what DQN can do on CartPole-v1: double, squared loss, an update every second step. Chosen by a small sweep over
//                 loss, steps a transition, target interval, batch, width and exploration with other seeds than the reports'.
//   apex          the parts of Horgan et al., "Distributed prioritized experience replay" (ICLR 2018), appendix C: prioritised
//                 replay (alpha 0.6, beta 0.4) with first priorities by the actors, double, dueling, 3 steps, an epsilon of each
//                 environment from 0.4 to 0.4^8. Sizes and rates are chosen for CartPole-v1.
//   d1            document D1's program as printed, as far as a lock-step learner can be it: hidden 64, Adam 1e-3, greedy, no
//                 target network, batches of the 8,000 newest transitions, each used once. Its two crashes are repaired:
//                 the unpacking, and gamma, which it does not define: 0.99. Its 8 agents are --envs 8. The document leaves
//                 open: relu, squared loss, Adam's epsilon 1e-8, as PyTorch's users would most likely run it.
//   d1-repaired   the same network and optimiser with what DQN needs: exploration, a target network, a replay.
#pragma once

#include <string_view>
#include <vector>

#include "algorithms/rules.hpp"

namespace prl {

// The presets for an environment, in the order in which they are listed.
std::vector<RulePreset> dqn_presets(std::string_view environment);

}  // namespace prl

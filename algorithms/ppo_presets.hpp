// Named PPO settings. A preset fixes the network and the rule for every collection mode alike; single values can be
// overridden on the command line.
//
//   d4     document D4: shared trunk of two tanh layers of width 256, lr 3e-4, lambda 0.95, gamma 0.99, clip 0.2,
//          2048 steps a round. The document leaves open: epochs 10, minibatch 64, entropy coefficient 0, value
//          coefficient 0.5, gradient norm 0.5, no annealing, initial log std 0; chosen as Stable-Baselines3 has them,
//          which is what a reader of the document would most likely run.
//   sb3    Stable-Baselines3's defaults: as d4 with two separate 256x256 tanh networks.
//   tuned  what PPO can do on the environment at hand: two separate 64x64 networks, lr 1e-3 annealed to 0; on Pendulum-v1
//          gamma 0.95 and an initial standard deviation of 2, the torque's range; on Acrobot-v1 lambda 0.94 as RL
//          Baselines3 Zoo has it, and minibatch 128. Chosen by small sweeps over gamma, lambda, minibatch and initial
//          standard deviation with other seeds than the reports'. The two MountainCars are not solved: PPO without
//          normalised observations, state-dependent exploration or shaped rewards hardly ever meets the goal there.
#pragma once

#include <string_view>
#include <vector>

#include "algorithms/rules.hpp"

namespace prl {

// The presets for an environment, in the order in which they are listed.
std::vector<RulePreset> ppo_presets(std::string_view environment);

}  // namespace prl

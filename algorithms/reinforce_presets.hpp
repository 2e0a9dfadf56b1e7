// Named settings of REINFORCE.
//
//   d0        document D0: one hidden layer of 128 relu units, Adam at 1e-3, 128 episodes an epoch, the whole episode's
//             undiscounted return, no baseline. The document leaves the initial weights and Adam's epsilon open: the
//             suite's orthogonal weights and PyTorch's 1e-8. The network has a value head, which nothing trains.
//   baseline  what REINFORCE can do on CartPole-v1: rewards to go less a learned value, with a network of its own.
//             Chosen by a small sweep over step size, episodes, discount and normalisation, with other seeds than the
//             reports'.
#pragma once

#include <string_view>
#include <vector>

#include "algorithms/rules.hpp"

namespace prl {

// The presets for an environment, in the order in which they are listed.
std::vector<RulePreset> reinforce_presets(std::string_view environment);

}  // namespace prl

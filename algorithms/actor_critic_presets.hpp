// Named settings of A2C and V-trace. A3C is A2C with workers that share parameters without locks, IMPALA is V-trace with
// free-running actors: `prl list` has the options; they take these presets too.
//
//   tuned  what reaches 475 on CartPole-v1 for every seed that was tried: two separate networks of 64x64 tanh units, Adam
//          at 1e-3 annealed to 0, entropy bonus 0.01, lambda 0.95, 5 steps of each of 16 environments a round. Chosen
//          by a small sweep over step size, entropy bonus, lambda and round, with other seeds than the reports'.
//   paper  as Mnih et al. 2016 train A3C, on a small network: a shared trunk (128x128 relu), n-step returns, RMSProp with
//          decay 0.99 (7e-4, epsilon 1e-5: the paper draws the first at random and takes 0.1), entropy bonus 0.01, 5
//          steps of each of 16 environments a round.
#pragma once

#include <string_view>
#include <vector>

#include "algorithms/rules.hpp"

namespace prl {

// The presets for an environment, in the order in which they are listed.
std::vector<RulePreset> a2c_presets(std::string_view environment);
std::vector<RulePreset> vtrace_presets(std::string_view environment);

}  // namespace prl

// A random Markov decision process made from a seed.
//
//   every (s, a) has `branching` different next states, drawn without replacement from all states;
//   their probabilities are the lengths of the parts into which branching - 1 uniform numbers cut [0, 1],
//   that is Dirichlet(1, .., 1); each outcome's reward is uniform in [0, 1);
//   nothing terminates; the first state is uniform
//
// Source: the Garnet problems of Bhatnagar, Sutton, Ghavamzadeh, Lee, "Natural actor-critic algorithms" (Automatica 45,
// 2009), section 6. Deviation: rewards are uniform and belong to the outcome, so that a step's reward is noisy too.
#pragma once

#include <cstdint>

#include "envs/tabular/transition_table.hpp"

namespace prl {

struct RandomMdpSetting {
  int states = 64;
  int actions = 8;
  int branching = 4;
  std::uint64_t seed = 1;
};

// Equal settings give equal tables. Throws std::invalid_argument for a branching below 1 or above the number of states.
TransitionTable random_mdp(const RandomMdpSetting& setting);

}  // namespace prl

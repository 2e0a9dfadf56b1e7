// CliffWalking-v1: along the cliff from the lower left corner of a 4 x 12 grid to the lower right one.
//
//   actions 0 up, 1 right, 2 down, 3 left; a move over the edge stays; reward -1
//   a move onto the cliff (row 3, columns 1 to 10) leads to the start, reward -100, and the episode goes on
//   slippery: the intended move and both moves across it, each with probability 1/3
//   terminated at the goal (3, 11)
//
// Source: Sutton and Barto, "Reinforcement learning: an introduction" (2nd edition, 2018), example 6.6, in the form of
// Gymnasium 1.x, gymnasium/envs/toy_text/cliffwalking.py. Deviation: none.
#pragma once

#include "envs/tabular/transition_table.hpp"

namespace prl {

// State row * 12 + column.
TransitionTable cliff_walking(bool slippery);

}  // namespace prl

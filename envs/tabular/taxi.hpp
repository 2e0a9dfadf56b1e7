// Taxi-v4: fetch a passenger at one of four places and bring them to another.
//
//   actions 0 south, 1 north, 2 east, 3 west, 4 pick up, 5 drop off; walls and edges stop a move
//   reward -1 a step, 20 for the drop-off at the destination, -10 for picking up or dropping off where it cannot be;
//   a passenger may be dropped at any of the four places; terminated at the destination
//   state ((row * 5 + column) * 5 + passenger) * 4 + destination, passenger 4 being inside the taxi
//   starts: uniform over the states whose passenger waits elsewhere than at the destination
//
// Source: Dietterich, "Hierarchical reinforcement learning with the MAXQ value function decomposition" (JAIR 13, 2000),
// section 2, in the form of Gymnasium 1.x, gymnasium/envs/toy_text/taxi.py, without rain. Deviation: none.
#pragma once

#include "envs/tabular/transition_table.hpp"

namespace prl {

TransitionTable taxi();

}  // namespace prl

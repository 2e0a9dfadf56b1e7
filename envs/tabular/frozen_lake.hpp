// FrozenLake-v1 and FrozenLake8x8-v1: cross the ice from S to G without falling into a hole H.
//
//   actions 0 left, 1 down, 2 right, 3 up; a move over the edge stays
//   slippery: the intended move and both moves across it, each with probability 1/3
//   reward 1 for reaching G, else 0; terminated at G and H, which lead to themselves without reward
//
// Source: Gymnasium 1.x, gymnasium/envs/toy_text/frozen_lake.py. Deviation: none.
#pragma once

#include "envs/tabular/transition_table.hpp"

namespace prl {

enum class FrozenLakeMap { k4x4, k8x8 };

// State row * columns + column.
TransitionTable frozen_lake(FrozenLakeMap map, bool slippery);

}  // namespace prl

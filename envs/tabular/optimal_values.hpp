// What a table's learners should arrive at: Q* by value iteration.
//
//   (T Q)(s, a) = sum over outcomes  p (r + gamma [not terminated] max_{a' in A(a)} Q(s', a'))
//
// With one subset A(a) is all actions and the fixed point is Q*. With k subsets, the actions divided in order into k of
// equal size, A(a) is the subset of a: the equation that subsets solve when each maximises over its own actions only.
//
// T contracts by gamma in the maximum norm. Hence ||Q - Q*|| <= ||T Q - Q|| + ||T Q - T Q*|| gives
// ||Q - Q*|| <= residual / (1 - gamma), and one application more, ||T Q - Q*|| <= residual * gamma / (1 - gamma): the
// residual of the last sweep bounds the error of what it wrote.
//
// Source: Puterman, "Markov decision processes" (1994), section 6.3. Deviation: on Q instead of V.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "envs/tabular/transition_table.hpp"

namespace prl {

struct OptimalValues {
  std::vector<double> q;  // [states, actions]
  double residual = 0.0;  // maximum norm of the last sweep's change
  double error_bound = 0.0;
  int sweeps = 0;
};

// Iterates from zero until a sweep changes no value by `residual` or more. Throws std::invalid_argument for a gamma
// outside [0, 1) or subsets that do not divide the actions, std::runtime_error if rounding keeps the residual up.
OptimalValues optimal_values(const TransitionTable& table, double gamma, int subsets = 1, double residual = 1e-12);

// The right side T Q of the equation for one pair.
double bellman_right_side(const TransitionTable& table, double gamma, int subsets, std::span<const double> q, int state,
                          int action);

// Which pairs (s, a) an episode can meet: s can be reached from a start state without the episode ending. [states, actions]
std::vector<std::uint8_t> reachable_pairs(const TransitionTable& table);

// max |q - expected| over the pairs that are set. All [states, actions].
double largest_error(std::span<const double> q, std::span<const double> expected, std::span<const std::uint8_t> pairs);

}  // namespace prl

// The values of a fixed policy, exactly.
//
//   Q_pi(s, a) = sum over outcomes  p (r + gamma [not terminated] V_pi(s')),     V_pi(s) = sum_a pi(a | s) Q_pi(s, a)
//
// V_pi solves the linear equations (I - gamma P_pi) V = r_pi, by elimination with partial pivoting: n^3 / 3 operations,
// for tables of up to a few thousand states.
#pragma once

#include <span>
#include <vector>

#include "envs/tabular/transition_table.hpp"

namespace prl {

// `policy` holds pi(a | s), [states, actions]. Returns Q_pi, [states, actions]. Throws std::invalid_argument for a policy of
// another size, std::runtime_error where the equations have no unique solution (gamma 1 and episodes without end).
std::vector<double> policy_values(const TransitionTable& table, double gamma, std::span<const double> policy);

// The policy that takes the action of largest q with probability 1 - epsilon and any with epsilon: [states, actions].
// The first of several largest ones counts.
std::vector<double> epsilon_greedy_policy(const TransitionTable& table, std::span<const double> q, double epsilon);

}  // namespace prl

// Tabular Q-learning and SARSA: one update of one cell.
//
//   Q(s, a) <- (1 - alpha) Q(s, a) + alpha (r + gamma b),
//   Q-learning  b = max_{a' in A(a)} Q(s', a')        SARSA  b = Q(s', a'), a' the action taken in s'
//
// b = 0 after termination; a truncated episode is bootstrapped from its final state like any other step. A(a) is all
// actions, or, with `subsets` above 1, the subset of a when the actions are divided in order into subsets of equal size:
// a maximum over too few actions, which solves another equation (envs/tabular/optimal_values.hpp).
//
// Source: Watkins and Dayan, "Q-learning" (Machine Learning 8, 1992), equation 1; Sutton and Barto, "Reinforcement
// learning: an introduction" (2nd edition, 2018), sections 6.4 and 6.5; the bootstrap at truncation follows Pardo et
// al., "Time limits in reinforcement learning" (ICML 2018), section 3.
// Deviation: written as a mean of old and new instead of Q + alpha (target - Q), so that alpha = 1 gives the target itself,
// to the bit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "algorithms/tabular/cell_access.hpp"
#include "core/tabular_transition.hpp"

namespace prl {

struct BootstrapSetting {
  int actions = 1;
  double gamma = 0.99;
  int subsets = 1;  // divides the actions
};

inline std::size_t pair_index(int actions, int state, int action) {
  return static_cast<std::size_t>(state) * static_cast<std::size_t>(actions) + static_cast<std::size_t>(action);
}

// r + gamma max Q(s', .). `q` is [states, actions].
template <typename Cells>
double q_learning_target(std::span<const double> q, const TabularTransition& transition,
                         const BootstrapSetting& setting) {
  if ((transition.end & kTerminated) != 0) return transition.reward;
  const int width = setting.actions / setting.subsets;
  const int first = setting.subsets == 1 ? 0 : transition.action / width * width;
  const double* const row = q.data() + pair_index(setting.actions, transition.next_state, first);
  double largest = Cells::load(row[0]);
  for (int action = 1; action < width; ++action) largest = std::max(largest, Cells::load(row[action]));
  return transition.reward + setting.gamma * largest;
}

// r + gamma Q(s', next_action); `next_action` is not looked at after termination.
template <typename Cells>
double sarsa_target(std::span<const double> q, const TabularTransition& transition, int next_action,
                    const BootstrapSetting& setting) {
  if ((transition.end & kTerminated) != 0) return transition.reward;
  return transition.reward +
         setting.gamma * Cells::load(q[pair_index(setting.actions, transition.next_state, next_action)]);
}

// Moves a cell the part `step_size` of the way to `target`.
template <typename Cells>
void move_cell(double& cell, double target, double step_size) {
  Cells::store(cell, (1.0 - step_size) * Cells::load(cell) + step_size * target);
}

// Values and visits, [states, actions] each; `step_size(n)` is called with the pair's count, the first visit being 1.
template <typename Cells, typename StepSizeOf>
void update_pair(std::span<double> q, std::span<std::uint32_t> visits, std::size_t pair, double target,
                 const StepSizeOf& step_size) {
  move_cell<Cells>(q[pair], target, step_size(count_visit<Cells>(visits[pair])));
}

}  // namespace prl

#include "envs/tabular/table_policy_values.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

namespace prl {
namespace {

// Rows of n coefficients and the right side after them.
using Equations = std::vector<std::vector<double>>;

std::vector<double> solve(Equations equations) {
  const std::size_t n = equations.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < n; ++i) {
      if (std::abs(equations[i][k]) > std::abs(equations[pivot][k])) pivot = i;
    }
    std::swap(equations[k], equations[pivot]);
    if (std::abs(equations[k][k]) < 1e-12) {
      throw std::runtime_error("the policy's values have no unique solution: give a gamma below 1");
    }
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = equations[i][k] / equations[k][k];
      if (factor == 0.0) continue;
      for (std::size_t j = k; j <= n; ++j) equations[i][j] -= factor * equations[k][j];
    }
  }
  std::vector<double> solution(n);
  for (std::size_t k = n; k-- > 0;) {
    double rest = equations[k][n];
    for (std::size_t j = k + 1; j < n; ++j) rest -= equations[k][j] * solution[j];
    solution[k] = rest / equations[k][k];
  }
  return solution;
}

}  // namespace

std::vector<double> policy_values(const TransitionTable& table, double gamma, std::span<const double> policy) {
  if (policy.size() != table.pairs()) {
    throw std::invalid_argument("a policy of " + std::to_string(policy.size()) + " probabilities: give " +
                                std::to_string(table.pairs()) + ", one for every state and action");
  }
  const auto states = static_cast<std::size_t>(table.states());
  const auto actions = static_cast<std::size_t>(table.actions());
  Equations equations(states, std::vector<double>(states + 1, 0.0));
  for (std::size_t pair = 0; pair < table.pairs(); ++pair) {
    std::vector<double>& equation = equations[pair / actions];
    for (std::size_t i = table.first_outcome(pair); i < table.first_outcome(pair + 1); ++i) {
      const TableOutcome outcome = table.outcome(i);
      const double weight = policy[pair] * outcome.probability;
      equation[states] += weight * outcome.reward;
      if (!outcome.terminated) equation[static_cast<std::size_t>(outcome.next_state)] -= gamma * weight;
    }
  }
  for (std::size_t state = 0; state < states; ++state) equations[state][state] += 1.0;
  const std::vector<double> v = solve(std::move(equations));
  std::vector<double> q(table.pairs(), 0.0);
  for (std::size_t pair = 0; pair < table.pairs(); ++pair) {
    for (std::size_t i = table.first_outcome(pair); i < table.first_outcome(pair + 1); ++i) {
      const TableOutcome outcome = table.outcome(i);
      const double next = outcome.terminated ? 0.0 : v[static_cast<std::size_t>(outcome.next_state)];
      q[pair] += outcome.probability * (outcome.reward + gamma * next);
    }
  }
  return q;
}

std::vector<double> epsilon_greedy_policy(const TransitionTable& table, std::span<const double> q, double epsilon) {
  const auto actions = static_cast<std::size_t>(table.actions());
  std::vector<double> policy(table.pairs(), epsilon / static_cast<double>(actions));
  for (std::size_t first = 0; first < table.pairs(); first += actions) {
    const auto row = q.subspan(first, actions);
    const auto best = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    policy[first + best] += 1.0 - epsilon;
  }
  return policy;
}

}  // namespace prl

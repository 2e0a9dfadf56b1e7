#include "envs/tabular/optimal_values.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace prl {
namespace {

constexpr int kMaxSweeps = 1'000'000;

void check_setting(const TransitionTable& table, double gamma, int subsets) {
  if (!(gamma >= 0.0 && gamma < 1.0)) {
    throw std::invalid_argument("gamma " + std::to_string(gamma) + ": value iteration needs one in [0, 1)");
  }
  if (subsets < 1 || table.actions() % subsets != 0) {
    throw std::invalid_argument(std::to_string(subsets) + " subsets of " + std::to_string(table.actions()) +
                                " actions: give a number that divides the actions");
  }
}

}  // namespace

double bellman_right_side(const TransitionTable& table, double gamma, int subsets, std::span<const double> q, int state,
                          int action) {
  const int width = table.actions() / subsets;
  const int first_action = action / width * width;
  const std::size_t pair = table.pair(state, action);
  double sum = 0.0;
  for (std::size_t i = table.first_outcome(pair); i < table.first_outcome(pair + 1); ++i) {
    const TableOutcome outcome = table.outcome(i);
    double target = outcome.reward;
    if (!outcome.terminated) {
      const auto row = q.subspan(table.pair(outcome.next_state, first_action), static_cast<std::size_t>(width));
      target += gamma * *std::max_element(row.begin(), row.end());
    }
    sum += outcome.probability * target;
  }
  return sum;
}

OptimalValues optimal_values(const TransitionTable& table, double gamma, int subsets, double residual) {
  check_setting(table, gamma, subsets);
  OptimalValues values;
  values.q.assign(table.pairs(), 0.0);
  std::vector<double> next(table.pairs());
  do {
    if (++values.sweeps > kMaxSweeps) {
      throw std::runtime_error("value iteration stays at a residual of " + std::to_string(values.residual) +
                               ": give a larger residual or a smaller gamma");
    }
    values.residual = 0.0;
    for (int state = 0; state < table.states(); ++state) {
      for (int action = 0; action < table.actions(); ++action) {
        const std::size_t pair = table.pair(state, action);
        next[pair] = bellman_right_side(table, gamma, subsets, values.q, state, action);
        values.residual = std::max(values.residual, std::abs(next[pair] - values.q[pair]));
      }
    }
    values.q.swap(next);
  } while (values.residual >= residual);
  values.error_bound = values.residual * gamma / (1.0 - gamma);
  return values;
}

std::vector<std::uint8_t> reachable_pairs(const TransitionTable& table) {
  std::vector<std::uint8_t> seen(static_cast<std::size_t>(table.states()));
  std::vector<int> frontier;
  const auto visit = [&](int state, double probability) {
    std::uint8_t& mark = seen[static_cast<std::size_t>(state)];
    if (mark != 0 || probability <= 0.0) return;
    mark = 1;
    frontier.push_back(state);
  };
  for (int state = 0; state < table.states(); ++state) visit(state, table.start()[static_cast<std::size_t>(state)]);
  while (!frontier.empty()) {
    const int state = frontier.back();
    frontier.pop_back();
    const std::size_t last = table.first_outcome(table.pair(state, table.actions() - 1) + 1);
    for (std::size_t i = table.first_outcome(table.pair(state, 0)); i < last; ++i) {
      const TableOutcome outcome = table.outcome(i);
      if (!outcome.terminated) visit(outcome.next_state, outcome.probability);
    }
  }
  std::vector<std::uint8_t> pairs;
  for (const std::uint8_t mark : seen) pairs.insert(pairs.end(), static_cast<std::size_t>(table.actions()), mark);
  return pairs;
}

double largest_error(std::span<const double> q, std::span<const double> expected, std::span<const std::uint8_t> pairs) {
  double largest = 0.0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i] == 0) continue;
    const double error = std::abs(q[i] - expected[i]);
    // A value that is not a number must show.
    if (std::isnan(error)) return error;
    largest = std::max(largest, error);
  }
  return largest;
}

}  // namespace prl

#include "envs/tabular/transition_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

namespace prl {
namespace {

constexpr double kSumTolerance = 1e-9;

void check_distribution(const std::string& what, double smallest, double sum) {
  if (smallest >= 0.0 && std::abs(sum - 1.0) <= kSumTolerance) return;
  throw std::invalid_argument(what + ": the probabilities add up to " + std::to_string(sum) + ", the smallest is " +
                              std::to_string(smallest) + "; give non-negative ones that add up to 1");
}

// Sums of `probabilities` up to and with each; infinity from the last that is not zero, so that every draw ends there.
std::vector<double> cumulative(std::span<const double> probabilities) {
  std::vector<double> sums(probabilities.size());
  std::partial_sum(probabilities.begin(), probabilities.end(), sums.begin());
  for (std::size_t i = probabilities.size(); i-- > 0;) {
    sums[i] = std::numeric_limits<double>::infinity();
    if (probabilities[i] > 0.0) break;
  }
  return sums;
}

}  // namespace

TransitionTable::TransitionTable(int states, int actions, const OutcomesOf& outcomes_of, std::vector<double> start)
    : states_(states), actions_(actions), start_(std::move(start)) {
  if (states < 1 || actions < 1 || start_.size() != static_cast<std::size_t>(states)) {
    throw std::invalid_argument("a table of " + std::to_string(states) + " states and " + std::to_string(actions) +
                                " actions with " + std::to_string(start_.size()) +
                                " start probabilities: give at least one of each and as many as there are states");
  }
  check_distribution("start states", *std::min_element(start_.begin(), start_.end()),
                     std::accumulate(start_.begin(), start_.end(), 0.0));
  cumulative_start_ = cumulative(start_);
  offsets_.push_back(0);
  for (int state = 0; state < states; ++state) {
    for (int action = 0; action < actions; ++action) {
      for (const TableOutcome& outcome : outcomes_of(state, action)) add_outcome(outcome);
      const std::span<const double> own = std::span(probability_).subspan(offsets_.back());
      const std::string name = "state " + std::to_string(state) + ", action " + std::to_string(action);
      check_distribution(name, own.empty() ? 0.0 : *std::min_element(own.begin(), own.end()),
                         std::accumulate(own.begin(), own.end(), 0.0));
      const std::vector<double> sums = cumulative(own);
      cumulative_.insert(cumulative_.end(), sums.begin(), sums.end());
      offsets_.push_back(probability_.size());
    }
  }
}

void TransitionTable::add_outcome(const TableOutcome& outcome) {
  if (outcome.next_state < 0 || outcome.next_state >= states_) {
    throw std::invalid_argument("next state " + std::to_string(outcome.next_state) + " of a table with " +
                                std::to_string(states_) + " states: number them from 0");
  }
  probability_.push_back(outcome.probability);
  next_state_.push_back(outcome.next_state);
  reward_.push_back(outcome.reward);
  terminated_.push_back(outcome.terminated ? kTerminated : std::uint8_t{0});
}

bool TransitionTable::deterministic() const {
  return probability_.size() == pairs() && std::count(start_.begin(), start_.end(), 0.0) == states_ - 1;
}

int TransitionTable::draw_start(Rng& rng) const {
  const auto at = std::upper_bound(cumulative_start_.begin(), cumulative_start_.end(), rng.uniform<double>());
  return static_cast<int>(at - cumulative_start_.begin());
}

}  // namespace prl

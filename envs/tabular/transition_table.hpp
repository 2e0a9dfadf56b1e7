// An environment with numbered states and actions, known exactly: for every (s, a) its outcomes with their probabilities.
//
//   P(s', r, terminated | s, a)   as flat arrays; the outcomes of pair s A + a are those from offset[s A + a] on
//
// Same content as the dictionary P and initial_state_distrib of Gymnasium's toy_text environments, in the same order of
// outcomes. The time limit is not the table's: whoever walks in it applies one.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "core/random.hpp"
#include "core/tabular_transition.hpp"

namespace prl {

struct TableOutcome {
  double probability = 1.0;
  int next_state = 0;
  double reward = 0.0;
  bool terminated = false;
};

class TransitionTable {
 public:
  using OutcomesOf = std::function<std::vector<TableOutcome>(int state, int action)>;

  // `start` is the distribution of the first state, [states]. Throws std::invalid_argument where probabilities are
  // negative or do not add up to 1 within 1e-9, or a next state does not exist.
  TransitionTable(int states, int actions, const OutcomesOf& outcomes_of, std::vector<double> start);

  int states() const { return states_; }
  int actions() const { return actions_; }
  std::size_t pairs() const { return offsets_.size() - 1; }
  std::size_t pair(int state, int action) const {
    return static_cast<std::size_t>(state) * static_cast<std::size_t>(actions_) + static_cast<std::size_t>(action);
  }

  // The outcomes of a pair are [first_outcome(pair), first_outcome(pair + 1)).
  std::size_t first_outcome(std::size_t pair) const { return offsets_[pair]; }
  TableOutcome outcome(std::size_t index) const {
    return {probability_[index], next_state_[index], reward_[index], terminated_[index] != 0};
  }

  std::span<const double> start() const { return start_; }

  // Whether no action and no start is left to chance.
  bool deterministic() const;

  int draw_start(Rng& rng) const;

  // Draws the outcome of an action; the transition's `end` is kTerminated or 0.
  TabularTransition draw_step(int state, int action, Rng& rng) const {
    const std::size_t at = pair(state, action);
    std::size_t index = offsets_[at];
    if (offsets_[at + 1] - index > 1) {
      const double u = rng.uniform<double>();
      while (u >= cumulative_[index]) ++index;
    }
    return {state, action, next_state_[index], terminated_[index], reward_[index]};
  }

 private:
  void add_outcome(const TableOutcome& outcome);

  int states_;
  int actions_;
  std::vector<std::size_t> offsets_;
  std::vector<double> probability_;
  std::vector<double> cumulative_;  // within a pair; infinite at the last, so that rounding leaves no gap
  std::vector<int> next_state_;
  std::vector<double> reward_;
  std::vector<std::uint8_t> terminated_;
  std::vector<double> start_;
  std::vector<double> cumulative_start_;
};

}  // namespace prl

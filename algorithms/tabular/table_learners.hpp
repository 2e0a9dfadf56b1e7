// Q-learning by transitions that are drawn, on a table that workers hold together, by how they agree:
//
//   SingleLearner   one worker, plain cells: the serial code
//   SweepLearner    values before a sweep are read, values after it written; rows have one owner each, so cells are plain
//   SharedLearner   one table, read and written by all without agreement (relaxed atomics)
//
// Both apply algorithms/tabular/tabular_update.hpp to one transition. Spans are [states, actions], of storage that the
// workers share; zeroed before.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "algorithms/tabular/step_size.hpp"
#include "algorithms/tabular/tabular_update.hpp"

namespace prl {

// Source: algorithms/tabular/transition_source.hpp.
template <typename Source>
class SweepLearner {
 public:
  // `before` is what updates bootstrap from, `after` what they write; equal at the start.
  SweepLearner(Source source, BootstrapSetting bootstrap, StepSize step_size, std::span<double> before,
               std::span<double> after, std::span<std::uint32_t> visits)
      : source_(std::move(source)),
        bootstrap_(bootstrap),
        step_size_(std::move(step_size)),
        before_(before),
        after_(after),
        visits_(visits) {}

  TabularTransition draw(std::uint64_t index) const { return source_(index); }

  void update(const TabularTransition& transition) {
    const double target = q_learning_target<PlainCells>(before_, transition, bootstrap_);
    update_pair<PlainCells>(after_, visits_, pair(transition), target, step_size_);
  }

  void publish(const TabularTransition& transition) { before_[pair(transition)] = after_[pair(transition)]; }

 private:
  std::size_t pair(const TabularTransition& transition) const {
    return pair_index(bootstrap_.actions, transition.state, transition.action);
  }

  Source source_;
  BootstrapSetting bootstrap_;
  StepSize step_size_;
  std::span<double> before_;
  std::span<double> after_;
  std::span<std::uint32_t> visits_;
};

// One table without a second copy; Cells: algorithms/tabular/cell_access.hpp.
template <typename Source, typename Cells>
class DirectLearner {
 public:
  DirectLearner(Source source, BootstrapSetting bootstrap, StepSize step_size, std::span<double> q,
                std::span<std::uint32_t> visits)
      : source_(std::move(source)), bootstrap_(bootstrap), step_size_(std::move(step_size)), q_(q), visits_(visits) {}

  TabularTransition draw(std::uint64_t index) const { return source_(index); }

  // Draws the transition of that index and updates by it.
  void operator()(std::uint64_t index) const { update(source_(index)); }

  void update(const TabularTransition& transition) const {
    const double target = q_learning_target<Cells>(q_, transition, bootstrap_);
    update_pair<Cells>(q_, visits_, pair_index(bootstrap_.actions, transition.state, transition.action), target,
                       step_size_);
  }

 private:
  Source source_;
  BootstrapSetting bootstrap_;
  StepSize step_size_;
  std::span<double> q_;
  std::span<std::uint32_t> visits_;
};

template <typename Source>
using SingleLearner = DirectLearner<Source, PlainCells>;
template <typename Source>
using SharedLearner = DirectLearner<Source, RelaxedCells>;

}  // namespace prl

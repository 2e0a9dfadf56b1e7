// What a worker of a parameter server does with a transition (s, a, r, s') that it draws, on a table:
//
//   LocalLearner     delta_i = r + gamma max_a' Q(s', a'; theta) - Q(s, a; theta_i),
//                    theta_i <- theta_i + alpha delta_i grad Q_i(s, a)
//   GradientSender   delta = r + gamma max_a' Q(s', a'; theta_i) - Q(s, a; theta_i),
//                    theta <- theta + alpha delta grad Q
//
// theta: the server's table, as the worker last received it; theta_i: the worker's own. grad Q is 1 at the cell (s,
// a), 0 elsewhere. Source: document D2, section 4.1 and listing 5.1.
//
// alpha by visits counts each worker's own visits under LocalLearner, whose results are averaged: N workers with n / N
// visits each, whose moves count 1 / N, together move a cell about as far as one worker with n visits. It counts the
// visits of all workers under GradientSender, whose results are added up: own counts would make N first steps of size
// 1. Deviation: LocalLearner writes a mean of old and new, as algorithms/tabular/tabular_update.hpp does.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "algorithms/tabular/step_size.hpp"
#include "algorithms/tabular/tabular_update.hpp"

namespace prl {

// Source: algorithms/tabular/transition_source.hpp. Spans are [states, actions], read and written by one worker.
template <typename Source>
class LocalLearner {
 public:
  LocalLearner(Source source, BootstrapSetting bootstrap, StepSize step_size, std::span<const double> theta,
               std::span<double> own, std::span<std::uint32_t> visits)
      : source_(std::move(source)),
        bootstrap_(bootstrap),
        step_size_(std::move(step_size)),
        theta_(theta),
        own_(own),
        visits_(visits) {}

  // Draws the transition of that index and updates by it.
  void operator()(std::uint64_t index) const {
    const TabularTransition transition = source_(index);
    const double target = q_learning_target<PlainCells>(theta_, transition, bootstrap_);
    update_pair<PlainCells>(own_, visits_, pair_index(bootstrap_.actions, transition.state, transition.action), target,
                            step_size_);
  }

 private:
  Source source_;
  BootstrapSetting bootstrap_;
  StepSize step_size_;
  std::span<const double> theta_;
  std::span<double> own_;
  std::span<std::uint32_t> visits_;
};

// `served` and `visits` are the server's, which adds what arrives at once and loses none of it; `own` is the worker's.
template <typename Source>
class GradientSender {
 public:
  GradientSender(Source source, BootstrapSetting bootstrap, StepSize step_size, std::span<double> served,
                 std::span<std::uint32_t> visits, std::span<double> own)
      : source_(std::move(source)),
        bootstrap_(bootstrap),
        step_size_(std::move(step_size)),
        served_(served),
        visits_(visits),
        own_(own) {}

  // theta_i <- theta.
  void receive() const {
    for (std::size_t i = 0; i < own_.size(); ++i) own_[i] = RelaxedCells::load(served_[i]);
  }

  void operator()(std::uint64_t index) const {
    const TabularTransition transition = source_(index);
    const std::size_t pair = pair_index(bootstrap_.actions, transition.state, transition.action);
    const double delta = q_learning_target<PlainCells>(own_, transition, bootstrap_) - own_[pair];
    add_to_cell(served_[pair], step_size_(add_to_cell(visits_[pair], 1U) + 1) * delta);
  }

 private:
  Source source_;
  BootstrapSetting bootstrap_;
  StepSize step_size_;
  std::span<double> served_;
  std::span<std::uint32_t> visits_;
  std::span<double> own_;
};

}  // namespace prl

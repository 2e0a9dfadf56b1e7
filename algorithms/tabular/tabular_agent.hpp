// An agent that walks, explores epsilon-greedily and learns by tabular Q-learning or SARSA, alone or with others on the
// same table (Cells: algorithms/tabular/cell_access.hpp).
//
//   each step: act, observe (s, a, r, s'); without replay update Q(s, a) by it;
//   with replay (Q-learning only) put it into the agent's own ring and, once the ring holds a batch, update by
//   `replay_batch` transitions drawn from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>

#include "algorithms/tabular/epsilon_schedule.hpp"
#include "algorithms/tabular/step_size.hpp"
#include "algorithms/tabular/table_walk.hpp"
#include "algorithms/tabular/tabular_update.hpp"
#include "algorithms/tabular/transition_ring.hpp"

namespace prl {

enum class TabularRule { kQLearning, kSarsa };

struct TabularAgentSetting {
  TabularRule rule = TabularRule::kQLearning;
  double gamma = 0.99;
  int subsets = 1;  // above 1: algorithms/tabular/tabular_update.hpp
  StepSize step_size = StepSize::power(0.8);
  EpsilonSchedule epsilon;
  WalkSetting walk;
  int replay_capacity = 0;  // 0: no replay
  int replay_batch = 1;
  std::uint64_t seed = 1;
};

// The action of the largest value in [first, first + actions); ties are broken by `rng`.
template <typename Cells>
int greedy_action(std::span<const double> q, std::size_t first, int actions, Rng& rng) {
  int best = 0;
  double largest = Cells::load(q[first]);
  std::uint32_t ties = 1;
  for (int action = 1; action < actions; ++action) {
    const double value = Cells::load(q[first + static_cast<std::size_t>(action)]);
    if (value > largest) {
      best = action;
      largest = value;
      ties = 1;
    } else if (value == largest && rng.below(++ties) == 0) {
      best = action;
    }
  }
  return best;
}

template <typename Environment, typename Cells>
class TabularAgent {
 public:
  // `q` and `visits` are [states, actions], shared by the agents that learn together; agents are numbered from 0.
  // Throws std::invalid_argument for a replay with SARSA, whose update needs the action that the present policy takes,
  // and for a batch that the replay cannot hold.
  TabularAgent(const Environment& environment, const TabularAgentSetting& setting, std::span<double> q,
               std::span<std::uint32_t> visits, std::uint32_t agent)
      : setting_(setting),
        bootstrap_{environment.actions(), setting.gamma, setting.subsets},
        q_(q),
        visits_(visits),
        agent_(agent),
        walk_(environment, setting.walk, setting.seed, agent) {
    if (setting.replay_capacity > 0) {
      if (setting.rule == TabularRule::kSarsa) {
        throw std::invalid_argument("SARSA with a replay: it learns from its own actions only; use Q-learning");
      }
      if (setting.replay_batch < 1 || setting.replay_batch > setting.replay_capacity) {
        throw std::invalid_argument("a batch of " + std::to_string(setting.replay_batch) + " from a replay of " +
                                    std::to_string(setting.replay_capacity) + ": give a batch that fits");
      }
      replay_.emplace(static_cast<std::size_t>(setting.replay_capacity));
    }
    next_action_ = choose(walk_.state(), walk_.given_action());
  }

  // One step of the environment and the updates that follow it. Returns the transition.
  TabularTransition step() {
    const TabularTransition transition = walk_.step(next_action_);
    if (setting_.rule == TabularRule::kSarsa) {
      learn_sarsa(transition);
    } else {
      replay_ ? learn_from_replay(transition) : learn(transition);
      next_action_ = choose(walk_.state(), walk_.given_action());
    }
    return transition;
  }

  std::uint64_t steps() const { return walk_.steps(); }
  std::uint64_t updates() const { return updates_; }

 private:
  int choose(int state, int given) {
    if (given >= 0) return given;
    Rng rng(setting_.seed, RandomPurpose::kAction, agent_, choices_++);
    if (rng.uniform<float>() < setting_.epsilon.at(walk_.steps())) {
      return static_cast<int>(rng.below(static_cast<std::uint32_t>(bootstrap_.actions)));
    }
    return greedy_action<Cells>(q_, pair_index(bootstrap_.actions, state, 0), bootstrap_.actions, rng);
  }

  void learn(const TabularTransition& transition) {
    const std::size_t pair = pair_index(bootstrap_.actions, transition.state, transition.action);
    update_pair<Cells>(q_, visits_, pair, q_learning_target<Cells>(q_, transition, bootstrap_), setting_.step_size);
    ++updates_;
  }

  void learn_from_replay(const TabularTransition& transition) {
    replay_->add(transition);
    if (replay_->size() < static_cast<std::size_t>(setting_.replay_batch)) return;
    Rng rng(setting_.seed, RandomPurpose::kReplay, agent_, walk_.steps());
    for (int i = 0; i < setting_.replay_batch; ++i) learn(replay_->draw(rng));
  }

  // The action for the bootstrap is the one taken next, except where the episode was truncated: then it is drawn for the
  // final state and the next episode's is drawn anew.
  void learn_sarsa(const TabularTransition& transition) {
    const std::size_t pair = pair_index(bootstrap_.actions, transition.state, transition.action);
    const bool bootstraps = (transition.end & kTerminated) == 0;
    const int following = bootstraps ? choose(transition.next_state, -1) : 0;
    update_pair<Cells>(q_, visits_, pair, sarsa_target<Cells>(q_, transition, following, bootstrap_),
                       setting_.step_size);
    ++updates_;
    next_action_ = transition.end == 0 ? following : choose(walk_.state(), walk_.given_action());
  }

  TabularAgentSetting setting_;
  BootstrapSetting bootstrap_;
  std::span<double> q_;
  std::span<std::uint32_t> visits_;
  std::uint32_t agent_;
  TableWalk<Environment> walk_;
  std::optional<TransitionRing> replay_;
  int next_action_ = 0;
  std::uint64_t choices_ = 0;
  std::uint64_t updates_ = 0;
};

}  // namespace prl

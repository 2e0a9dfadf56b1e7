// Episodes in an environment with numbered states: where an agent stands, when its episode ends and starts anew.
//
// With exploring starts an episode begins with a state and an action drawn uniformly from all pairs, so that every pair
// is met infinitely often whatever the policy; with an episode limit of 1 each step is then one independent draw from
// the environment's model. Source: Sutton and Barto, "Reinforcement learning: an introduction" (2nd edition, 2018),
// section 5.3.
//
// Environment: states(), actions(), draw_start(Rng&), draw_step(state, action, Rng&), as envs/tabular/transition_table.hpp
// has them. Random numbers are keyed by (seed, agent, step): no stream depends on which worker steps the agent.
#pragma once

#include <cstdint>

#include "core/random.hpp"
#include "core/tabular_transition.hpp"

namespace prl {

struct WalkSetting {
  int episode_limit = 0;  // steps after which an episode is truncated; 0 for none
  bool exploring_starts = false;
};

template <typename Environment>
class TableWalk {
 public:
  // `environment` must outlive it.
  TableWalk(const Environment& environment, WalkSetting setting, std::uint64_t seed, std::uint32_t agent)
      : environment_(&environment), setting_(setting), seed_(seed), agent_(agent) {
    begin_episode();
  }

  int state() const { return state_; }

  // The action with which an exploring start begins its episode; negative where the agent may choose.
  int given_action() const { return given_action_; }

  // Takes a step and, where it ends the episode, begins the next one.
  TabularTransition step(int action) {
    Rng rng(seed_, RandomPurpose::kTransition, agent_, steps_);
    TabularTransition transition = environment_->draw_step(state_, action, rng);
    ++steps_;
    ++episode_steps_;
    if (setting_.episode_limit > 0 && episode_steps_ >= setting_.episode_limit) transition.end |= kTruncated;
    state_ = transition.next_state;
    given_action_ = -1;
    if (transition.end != 0) begin_episode();
    return transition;
  }

  std::uint64_t steps() const { return steps_; }

 private:
  void begin_episode() {
    Rng rng(seed_, RandomPurpose::kReset, agent_, steps_);
    episode_steps_ = 0;
    if (setting_.exploring_starts) {
      state_ = static_cast<int>(rng.below(static_cast<std::uint32_t>(environment_->states())));
      given_action_ = static_cast<int>(rng.below(static_cast<std::uint32_t>(environment_->actions())));
    } else {
      state_ = environment_->draw_start(rng);
    }
  }

  const Environment* environment_;
  WalkSetting setting_;
  std::uint64_t seed_;
  std::uint32_t agent_;
  std::uint64_t steps_ = 0;
  int episode_steps_ = 0;
  int state_ = 0;
  int given_action_ = -1;
};

}  // namespace prl

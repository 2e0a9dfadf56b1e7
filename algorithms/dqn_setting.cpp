#include "algorithms/dqn_setting.hpp"

#include <stdexcept>
#include <string>

namespace prl {
namespace {

void require(bool holds, const std::string& message) {
  if (!holds) throw std::invalid_argument(message);
}

}  // namespace

std::vector<SettingField> fields_of(DqnSetting& s) {
  return {
      number_field("learning_rate", s.learning_rate, 0.0, 10.0, "the optimiser's step size"),
      number_field("gamma", s.gamma, 0.0, 1.0, "discount"),
      count_field("n_step", s.n_step, "rewards that are summed before an action value takes their place"),
      count_field("batch", s.batch, "transitions an update, all shards together"),
      choice_field("replay", s.replay, {"uniform", "prioritised", "newest"},
                   "how a batch is drawn: with replacement, or the newest transitions, each once"),
      count_field("replay_capacity", s.replay_capacity, "transitions that are kept, all shards together"),
      count_field("learning_starts", s.learning_starts, "environment steps before the first update", 0),
      count_field("train_every", s.train_every, "environment steps an update, all environments together"),
      truth_field("double_q", s.loss.double_q, "the learned network chooses the target's action"),
      truth_field("dueling", s.loss.dueling, "action values from the value head and the policy head's advantages"),
      choice_field("td_loss", s.loss.loss, {"squared", "huber"}, "of temporal-difference errors"),
      count_field(
          "target_interval", s.target_interval,
          "updates between copies to the target network; 1 for none; 0: at every meeting of workers that learn by "
          "themselves",
          0),
      number_field("priority_exponent", s.priority_exponent, 0.0, 10.0, "alpha of prioritised replay"),
      number_field("importance_exponent", s.importance_exponent, 0.0, 1.0, "beta of prioritised replay"),
      truth_field("anneal_importance", s.anneal_importance, "raise beta linearly to 1 over the run"),
      choice_field("first_priority", s.first_priority, {"largest", "error", "actor"},
                   "of a new transition: the largest so far, or its own temporal-difference error, by the learner's "
                   "networks or by the actor's action values"),
      choice_field("exploration", s.exploration.kind, {"scheduled", "per_environment"},
                   "one epsilon that changes with the steps, or a constant one of each environment (Ape-X)"),
      number_field("epsilon_start", s.exploration.epsilon_start, 0.0, 1.0,
                   "probability of any action at the start; the first environment's"),
      number_field("epsilon_end", s.exploration.epsilon_end, 0.0, 1.0, "probability of any action at the end"),
      count_field("epsilon_steps", s.exploration.decay_steps, "environment steps until the end's epsilon", 0),
      number_field("epsilon_exponent", s.exploration.exponent, 0.0, 100.0,
                   "the last environment's epsilon is the first's to the power 1 + this"),
      number_field("max_gradient_norm", s.max_gradient_norm, 0.0, 1e30,
                   "scale gradients down to this norm; 0 leaves them as they are"),
      number_field("adam_epsilon", s.adam.epsilon, 1e-30, 1.0, "Adam's epsilon"),
      backpropagation_field(s.backpropagation)};
}

void check_round(const DqnSetting& setting, int environments, int shards) {
  const auto text = [](int number) { return std::to_string(number); };
  require(shards <= environments, text(shards) + " shards cannot share " + text(environments) +
                                      " environments: each has a replay of its own environments; give fewer --shards");
  require(shards <= setting.batch, "a batch of " + text(setting.batch) + " cannot be shared by " + text(shards) +
                                       " shards: give a larger --batch or fewer --shards");
  require(setting.replay_capacity >= setting.batch, "a replay of " + text(setting.replay_capacity) +
                                                        " transitions never holds a batch of " + text(setting.batch) +
                                                        ": give a larger --replay-capacity or a smaller --batch");
}

}  // namespace prl

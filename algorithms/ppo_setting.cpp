#include "algorithms/ppo_setting.hpp"

#include <stdexcept>
#include <string>

#include "algorithms/minibatch_plan.hpp"

namespace prl {
namespace {

// A round's samples, once for each epoch: their order takes four bytes each.
constexpr long kMostSamplesOfRound = 1'000'000'000;

}  // namespace

std::vector<SettingField> fields_of(PpoSetting& s) {
  return {number_field("learning_rate", s.learning_rate, 0.0, 10.0, "the optimiser's step size"),
          truth_field("anneal_learning_rate", s.anneal_learning_rate, "decrease it linearly to 0 over the run"),
          number_field("gamma", s.gamma, 0.0, 1.0, "discount"),
          number_field("gae_lambda", s.gae_lambda, 0.0, 1.0, "lambda of generalised advantage estimation"),
          number_field("clip", s.loss.clip, 0.0, 10.0, "PPO's clip range"),
          truth_field("clip_value", s.loss.clip_value, "clip the value function's change too"),
          count_field("epochs", s.epochs, "passes over a round's samples"),
          count_field("minibatch", s.minibatch, "samples a gradient step, all shards together"),
          number_field("entropy_coefficient", s.loss.entropy_coefficient, -1e6, 1e6, "weight of the entropy bonus"),
          number_field("value_coefficient", s.loss.value_coefficient, 0.0, 1e6, "weight of the value error"),
          number_field("max_gradient_norm", s.max_gradient_norm, 0.0, 1e30,
                       "scale gradients down to this norm; 0 leaves them as they are"),
          number_field("adam_epsilon", s.adam.epsilon, 1e-30, 1.0, "Adam's epsilon"),
          truth_field("normalise_advantages", s.normalise_advantages, "to mean 0 and deviation 1 in each minibatch"),
          backpropagation_field(s.backpropagation)};
}

void check_round(const PpoSetting& setting, int steps_per_round, int shards) {
  if (static_cast<long>(steps_per_round) * setting.epochs > kMostSamplesOfRound) {
    throw std::invalid_argument(std::to_string(setting.epochs) + " epochs over " + std::to_string(steps_per_round) +
                                " steps a round are more than " + std::to_string(kMostSamplesOfRound) +
                                " samples a round: give fewer");
  }
  MinibatchPlan{steps_per_round, setting.minibatch, setting.epochs, shards};
}

}  // namespace prl

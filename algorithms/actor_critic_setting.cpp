#include "algorithms/actor_critic_setting.hpp"

#include <stdexcept>
#include <string>

namespace prl {
namespace {

// All rows of a round go through the network at once: some hundred floats a row.
constexpr int kMostStepsOfRound = 1'000'000;

std::vector<SettingField> common_fields(ActorCriticSetting& s) {
  std::vector<SettingField> fields = fields_of(s.optimiser);
  fields.push_back(number_field("gamma", s.gamma, 0.0, 1.0, "discount"));
  fields.push_back(
      number_field("entropy_coefficient", s.loss.entropy_coefficient, -1e6, 1e6, "weight of the entropy bonus"));
  fields.push_back(number_field("value_coefficient", s.loss.value_coefficient, 0.0, 1e6, "weight of the value error"));
  fields.push_back(backpropagation_field(s.backpropagation));
  return fields;
}

void check_steps(int steps_per_round) {
  if (steps_per_round <= kMostStepsOfRound) return;
  throw std::invalid_argument(std::to_string(steps_per_round) + " steps a round are more than the " +
                              std::to_string(kMostStepsOfRound) +
                              " that can be learned from in one update: give a smaller --steps-per-round");
}

}  // namespace

std::vector<SettingField> fields_of(A2cSetting& s) {
  std::vector<SettingField> fields = common_fields(s.learner);
  fields.push_back(
      number_field("gae_lambda", s.targets.lambda, 0.0, 1.0, "lambda of generalised advantage estimation"));
  return fields;
}

std::vector<SettingField> fields_of(VtraceSetting& s) {
  std::vector<SettingField> fields = common_fields(s.learner);
  fields.push_back(number_field("vtrace_lambda", s.targets.lambda, 0.0, 1.0, "lambda of V-trace's traces"));
  fields.push_back(number_field("rho_bar", s.targets.rho_bar, 0.0, 1e30, "clip of V-trace's ratios of the errors"));
  fields.push_back(number_field("c_bar", s.targets.c_bar, 0.0, 1e30, "clip of V-trace's ratios of the traces"));
  fields.push_back(
      truth_field("correct_off_policy", s.targets.correct, "weigh by importance ratios; false takes all of them as 1"));
  return fields;
}

void check_round(const A2cSetting& /*setting*/, int steps_per_round, int /*shards*/) { check_steps(steps_per_round); }

void check_round(const VtraceSetting& /*setting*/, int steps_per_round, int /*shards*/) {
  check_steps(steps_per_round);
}

}  // namespace prl

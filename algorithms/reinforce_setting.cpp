#include "algorithms/reinforce_setting.hpp"

namespace prl {

std::vector<SettingField> fields_of(ReinforceSetting& s) {
  std::vector<SettingField> fields = fields_of(s.optimiser);
  const std::vector<SettingField> own = {
      count_field("episodes", s.episodes, "whole episodes a round, all environments together"),
      choice_field("returns", s.returns, {"whole-episode", "reward-to-go"},
                   "what a step's log-probability is weighed with"),
      number_field("gamma", s.gamma, 0.0, 1.0, "discount"),
      truth_field("baseline", s.baseline, "learn the value of a state and subtract it from the return"),
      truth_field("normalise_advantages", s.normalise_advantages, "to mean 0 and deviation 1 in each minibatch"),
      number_field("entropy_coefficient", s.loss.entropy_coefficient, -1e6, 1e6, "weight of the entropy bonus"),
      number_field("value_coefficient", s.loss.value_coefficient, 0.0, 1e6, "weight of the value error"),
      backpropagation_field(s.backpropagation)};
  fields.insert(fields.end(), own.begin(), own.end());
  return fields;
}

}  // namespace prl

// What can be set of REINFORCE.
#pragma once

#include <vector>

#include "algorithms/actor_critic_loss.hpp"
#include "algorithms/backpropagation.hpp"
#include "algorithms/discounted_returns.hpp"
#include "algorithms/optimiser.hpp"
#include "algorithms/setting_field.hpp"

namespace prl {

struct ReinforceSetting {
  OptimiserSetting optimiser{.kind = OptimiserKind::kAdam,
                             .learning_rate = 1e-3F,
                             .anneal_learning_rate = false,
                             .max_gradient_norm = 0.0F,
                             .rmsprop = {},
                             .adam = {.epsilon = 1e-8F}};
  int episodes = 128;  // of a round, all environments together
  ReturnKind returns = ReturnKind::kWholeEpisode;
  float gamma = 1.0F;
  bool baseline = false;  // learn V(s) and subtract it from the return
  bool normalise_advantages = false;
  ActorCriticLossSetting loss;
  Backpropagation backpropagation = Backpropagation::kFlat;
};

std::vector<SettingField> fields_of(ReinforceSetting& setting);

// Every round that whole episodes make can be learned from.
inline void check_round(const ReinforceSetting& /*setting*/, int /*steps_per_round*/, int /*shards*/) {}

}  // namespace prl

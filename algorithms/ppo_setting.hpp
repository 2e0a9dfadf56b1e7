// What can be set of PPO.
#pragma once

#include <vector>

#include "algorithms/adam.hpp"
#include "algorithms/backpropagation.hpp"
#include "algorithms/ppo_loss.hpp"
#include "algorithms/setting_field.hpp"

namespace prl {

struct PpoSetting {
  float learning_rate = 3e-4F;
  bool anneal_learning_rate = false;  // linearly to 0 over total_rounds
  float gamma = 0.99F;
  float gae_lambda = 0.95F;
  PpoLossSetting loss;
  int epochs = 10;
  int minibatch = 64;
  float max_gradient_norm = 0.5F;
  bool normalise_advantages = true;
  AdamSetting adam;
  Backpropagation backpropagation = Backpropagation::kFlat;
};

std::vector<SettingField> fields_of(PpoSetting& setting);

// Throws std::invalid_argument unless rounds of that many steps can be divided into minibatches of that many shards.
void check_round(const PpoSetting& setting, int steps_per_round, int shards);

}  // namespace prl

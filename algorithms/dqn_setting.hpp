// What can be set of DQN and of Ape-X's parts.
#pragma once

#include <vector>

#include "algorithms/adam.hpp"
#include "algorithms/backpropagation.hpp"
#include "algorithms/dqn_loss.hpp"
#include "algorithms/setting_field.hpp"
#include "core/exploration.hpp"

namespace prl {

// What a batch is made of: draws with replacement, equally likely or by priority; or the newest transitions, each once.
enum class ReplayKind { kUniform, kPrioritised, kNewest };
// The priority of a transition that has just come: the largest so far, its own error under the learner's networks, or its
// own error under the parameters that its actor had when it acted.
enum class FirstPriority { kLargest, kError, kActor };

struct DqnSetting {
  float learning_rate = 1e-3F;
  float gamma = 0.99F;
  int n_step = 1;
  DqnLossSetting loss;
  int batch = 64;
  ReplayKind replay = ReplayKind::kUniform;
  int replay_capacity = 100'000;
  int learning_starts = 1000;  // environment steps
  int train_every = 1;         // environment steps an update, all environments together
  int target_interval = 500;   // updates; 0: from one meeting with other learners to the next
  float priority_exponent = 0.6F;
  float importance_exponent = 0.4F;
  bool anneal_importance = false;  // linearly to 1 over total_rounds
  FirstPriority first_priority = FirstPriority::kLargest;
  float max_gradient_norm = 10.0F;
  AdamSetting adam;
  ExplorationSetting exploration{.kind = Exploration::kScheduled};  // its environments come from the run
  Backpropagation backpropagation = Backpropagation::kFlat;
};

std::vector<SettingField> fields_of(DqnSetting& setting);

// Whether first priorities come from the actors' action values.
inline bool wants_action_values(const DqnSetting& setting) {
  return setting.replay == ReplayKind::kPrioritised && setting.first_priority == FirstPriority::kActor;
}

// Throws std::invalid_argument unless every shard has an environment, a part of the batch, and room for that part.
void check_round(const DqnSetting& setting, int environments, int shards);

}  // namespace prl

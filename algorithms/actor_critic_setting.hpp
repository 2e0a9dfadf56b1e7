// What can be set of the actor-critic rules, A2C and V-trace: they differ in their targets alone.
#pragma once

#include <variant>
#include <vector>

#include "algorithms/actor_critic_loss.hpp"
#include "algorithms/backpropagation.hpp"
#include "algorithms/optimiser.hpp"
#include "algorithms/setting_field.hpp"

namespace prl {

struct ActorCriticSetting {
  OptimiserSetting optimiser;
  float gamma = 0.99F;
  ActorCriticLossSetting loss;
  Backpropagation backpropagation = Backpropagation::kFlat;
};

// Generalised advantages from the values with which the policy acted; lambda 1 makes them n-step returns less values.
struct NStepTargets {
  float lambda = 1.0F;
};

// V-trace from the learner's own values.
struct VtraceTargets {
  float lambda = 1.0F;
  float rho_bar = 1.0F;
  float c_bar = 1.0F;
  bool correct = true;  // false: every ratio counts as 1, as if trajectories were the current policy's
};

using ActorCriticTargets = std::variant<NStepTargets, VtraceTargets>;

struct A2cSetting {
  ActorCriticSetting learner;
  NStepTargets targets;
};

struct VtraceSetting {
  ActorCriticSetting learner;
  VtraceTargets targets;
};

std::vector<SettingField> fields_of(A2cSetting& setting);
std::vector<SettingField> fields_of(VtraceSetting& setting);

// Throws std::invalid_argument for rounds that are too large to be learned from at once.
void check_round(const A2cSetting& setting, int steps_per_round, int shards);
void check_round(const VtraceSetting& setting, int steps_per_round, int shards);

}  // namespace prl

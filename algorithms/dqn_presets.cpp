#include "algorithms/dqn_presets.hpp"

namespace prl {
namespace {

RulePreset preset_with(std::string_view name, std::string_view description, std::vector<int> hidden) {
  RulePreset preset;
  preset.name = name;
  preset.description = description;
  preset.network.hidden = std::move(hidden);
  preset.network.activation = Activation::kRelu;
  preset.network.shared_trunk = true;
  preset.steps_per_round = 256;
  return preset;
}

RulePreset tuned_preset() {
  RulePreset preset = preset_with("tuned", "settings tuned for CartPole-v1", {128, 128});
  DqnSetting setting;
  setting.loss.loss = TdLoss::kSquared;
  setting.train_every = 2;
  setting.target_interval = 100;
  setting.exploration.epsilon_end = 0.02F;
  setting.exploration.decay_steps = 5000;
  preset.setting = setting;
  return preset;
}

RulePreset apex_preset() {
  RulePreset preset = preset_with(
      "apex", "Ape-X's parts: prioritised, double, dueling, 3 steps, an epsilon of each environment", {128, 128});
  DqnSetting setting;
  setting.n_step = 3;
  setting.loss.dueling = true;
  setting.replay = ReplayKind::kPrioritised;
  setting.first_priority = FirstPriority::kActor;
  setting.train_every = 2;
  setting.target_interval = 100;
  setting.max_gradient_norm = 40.0F;
  setting.exploration = {.kind = Exploration::kPerEnvironment, .epsilon_start = 0.4F, .exponent = 7.0F};
  preset.setting = setting;
  return preset;
}

DqnSetting document_setting() {
  DqnSetting setting;
  setting.loss = {.loss = TdLoss::kSquared, .double_q = false, .dueling = false};
  setting.max_gradient_norm = 0.0F;
  setting.adam.epsilon = 1e-8F;
  return setting;
}

RulePreset document_preset() {
  RulePreset preset = preset_with(
      "d1", "document D1 as printed: hidden 64, greedy, no target network, 8,000 transitions used once", {64});
  DqnSetting setting = document_setting();
  setting.replay = ReplayKind::kNewest;
  setting.batch = 8000;
  setting.replay_capacity = 8000;
  setting.learning_starts = 0;
  setting.train_every = 8000;
  setting.target_interval = 1;
  setting.exploration = {.kind = Exploration::kScheduled, .epsilon_start = 0.0F, .epsilon_end = 0.0F, .decay_steps = 0};
  preset.setting = setting;
  preset.steps_per_round = 8000;
  return preset;
}

RulePreset repaired_document_preset() {
  RulePreset preset = preset_with(
      "d1-repaired", "document D1's network and optimiser with exploration, a target network and a replay", {64});
  preset.setting = document_setting();
  return preset;
}

}  // namespace

std::vector<RulePreset> dqn_presets(std::string_view /*environment*/) {
  return {tuned_preset(), apex_preset(), document_preset(), repaired_document_preset()};
}

}  // namespace prl

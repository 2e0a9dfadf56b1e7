#include "algorithms/ppo_presets.hpp"

namespace prl {
namespace {

RulePreset document_preset() {
  RulePreset preset;
  preset.name = "d4";
  preset.description = "document D4's settings: shared 256x256 trunk, lr 3e-4, gamma 0.99, lambda 0.95, clip 0.2";
  preset.network.hidden = {256, 256};
  preset.network.shared_trunk = true;
  return preset;
}

RulePreset stable_baselines_preset() {
  RulePreset preset = document_preset();
  preset.name = "sb3";
  preset.description = "Stable-Baselines3's defaults: two separate 256x256 tanh networks";
  preset.network.shared_trunk = false;
  return preset;
}

RulePreset tuned_preset(std::string_view environment) {
  RulePreset preset;
  preset.name = "tuned";
  preset.description = "settings tuned for the environment";
  preset.network.hidden = {64, 64};
  preset.network.shared_trunk = false;
  PpoSetting setting;
  setting.learning_rate = 1e-3F;
  setting.anneal_learning_rate = true;
  if (environment == "Pendulum-v1") {
    preset.network.initial_log_std = 0.7F;
    setting.gamma = 0.95F;
  } else if (environment == "Acrobot-v1") {
    setting.gae_lambda = 0.94F;
    setting.minibatch = 128;
  } else {
    setting.minibatch = 256;
  }
  preset.setting = setting;
  return preset;
}

}  // namespace

std::vector<RulePreset> ppo_presets(std::string_view environment) {
  return {document_preset(), stable_baselines_preset(), tuned_preset(environment)};
}

}  // namespace prl

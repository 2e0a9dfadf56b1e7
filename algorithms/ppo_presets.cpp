#include "algorithms/ppo_presets.hpp"

namespace prl {
namespace {

PpoPreset document_preset() {
  PpoPreset preset;
  preset.name = "d4";
  preset.description = "document D4's settings: shared 256x256 trunk, lr 3e-4, gamma 0.99, lambda 0.95, clip 0.2";
  preset.network.hidden = {256, 256};
  preset.network.shared_trunk = true;
  return preset;
}

PpoPreset stable_baselines_preset() {
  PpoPreset preset = document_preset();
  preset.name = "sb3";
  preset.description = "Stable-Baselines3's defaults: two separate 256x256 tanh networks";
  preset.network.shared_trunk = false;
  return preset;
}

PpoPreset tuned_preset(std::string_view environment) {
  PpoPreset preset;
  preset.name = "tuned";
  preset.description = "settings tuned for the environment";
  preset.network.hidden = {64, 64};
  preset.network.shared_trunk = false;
  preset.setting.learning_rate = 1e-3F;
  preset.setting.anneal_learning_rate = true;
  if (environment == "Pendulum-v1") {
    preset.network.initial_log_std = 0.7F;
    preset.setting.gamma = 0.95F;
  } else {
    preset.setting.minibatch = 256;
  }
  return preset;
}

}  // namespace

std::vector<PpoPreset> ppo_presets(std::string_view environment) {
  return {document_preset(), stable_baselines_preset(), tuned_preset(environment)};
}

}  // namespace prl

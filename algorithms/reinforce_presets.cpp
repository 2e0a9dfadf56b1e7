#include "algorithms/reinforce_presets.hpp"

namespace prl {
namespace {

RulePreset document_preset() {
  RulePreset preset;
  preset.name = "d0";
  preset.description = "document D0's settings: 128 relu units, Adam at 1e-3, 128 episodes, whole undiscounted returns";
  preset.network.hidden = {128};
  preset.network.shared_trunk = true;
  preset.network.activation = Activation::kRelu;
  preset.setting = ReinforceSetting{};
  return preset;
}

RulePreset baseline_preset() {
  RulePreset preset;
  preset.name = "baseline";
  preset.description = "rewards to go less a learned value: two separate 64x64 networks, 16 episodes";
  preset.network.hidden = {64, 64};
  preset.network.shared_trunk = false;
  ReinforceSetting setting;
  setting.optimiser.learning_rate = 2e-3F;
  setting.episodes = 16;
  setting.returns = ReturnKind::kRewardToGo;
  setting.gamma = 0.99F;
  setting.baseline = true;
  setting.normalise_advantages = true;
  preset.setting = setting;
  return preset;
}

}  // namespace

std::vector<RulePreset> reinforce_presets(std::string_view /*environment*/) {
  return {document_preset(), baseline_preset()};
}

}  // namespace prl

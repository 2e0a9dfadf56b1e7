#include "algorithms/actor_critic_presets.hpp"

namespace prl {
namespace {

// Of either rule: `Setting` holds ActorCriticSetting as `learner`.
template <typename Setting>
RulePreset tuned_preset() {
  RulePreset preset;
  preset.name = "tuned";
  preset.description = "settings tuned for CartPole-v1: two separate 64x64 networks, Adam, lambda 0.95";
  preset.network.hidden = {64, 64};
  preset.network.shared_trunk = false;
  preset.steps_per_round = 80;
  Setting setting;
  setting.learner.optimiser.kind = OptimiserKind::kAdam;
  setting.learner.optimiser.learning_rate = 1e-3F;
  setting.learner.optimiser.anneal_learning_rate = true;
  setting.learner.loss.entropy_coefficient = 0.01F;
  setting.targets.lambda = 0.95F;
  preset.setting = setting;
  return preset;
}

template <typename Setting>
RulePreset paper_preset() {
  RulePreset preset;
  preset.name = "paper";
  preset.description = "as the A3C paper: shared trunk, RMSProp, entropy bonus 0.01, 5 steps of 16 environments";
  preset.network.hidden = {128, 128};
  preset.network.shared_trunk = true;
  preset.network.activation = Activation::kRelu;
  preset.steps_per_round = 80;
  Setting setting;
  setting.learner.loss.entropy_coefficient = 0.01F;
  preset.setting = setting;
  return preset;
}

}  // namespace

std::vector<RulePreset> a2c_presets(std::string_view /*environment*/) {
  return {tuned_preset<A2cSetting>(), paper_preset<A2cSetting>()};
}

std::vector<RulePreset> vtrace_presets(std::string_view /*environment*/) {
  return {tuned_preset<VtraceSetting>(), paper_preset<VtraceSetting>()};
}

}  // namespace prl

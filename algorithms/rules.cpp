#include "algorithms/rules.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "algorithms/actor_critic.hpp"
#include "algorithms/actor_critic_presets.hpp"
#include "algorithms/dqn.hpp"
#include "algorithms/dqn_presets.hpp"
#include "algorithms/ppo.hpp"
#include "algorithms/ppo_presets.hpp"
#include "algorithms/reinforce.hpp"
#include "algorithms/reinforce_presets.hpp"

namespace prl {
namespace {

template <typename... Alternatives>
std::vector<RuleSetting> defaults_of(const std::variant<Alternatives...>*) {
  return {RuleSetting(Alternatives{})...};
}

std::vector<RuleSetting> all_settings() { return defaults_of(static_cast<const RuleSetting*>(nullptr)); }

std::string_view name_of_alternative(const PpoSetting&) { return "ppo"; }
std::string_view name_of_alternative(const A2cSetting&) { return "a2c"; }
std::string_view name_of_alternative(const VtraceSetting&) { return "vtrace"; }
std::string_view name_of_alternative(const DqnSetting&) { return "dqn"; }
std::string_view name_of_alternative(const ReinforceSetting&) { return "reinforce"; }

CollectionNeeds needs_of_alternative(const PpoSetting&) { return {}; }
CollectionNeeds needs_of_alternative(const A2cSetting&) { return {}; }
CollectionNeeds needs_of_alternative(const VtraceSetting&) { return {.cut_observations = true}; }
CollectionNeeds needs_of_alternative(const DqnSetting& setting) {
  return {.cut_observations = true, .action_values = wants_action_values(setting), .continued_segments = true};
}
CollectionNeeds needs_of_alternative(const ReinforceSetting& setting) { return {.episodes = setting.episodes}; }

std::vector<RulePreset> presets_of_alternative(const PpoSetting&, std::string_view environment) {
  return ppo_presets(environment);
}
std::vector<RulePreset> presets_of_alternative(const A2cSetting&, std::string_view environment) {
  return a2c_presets(environment);
}
std::vector<RulePreset> presets_of_alternative(const VtraceSetting&, std::string_view environment) {
  return vtrace_presets(environment);
}
std::vector<RulePreset> presets_of_alternative(const ReinforceSetting&, std::string_view environment) {
  return reinforce_presets(environment);
}

std::vector<RulePreset> presets_of_alternative(const DqnSetting&, std::string_view environment) {
  return dqn_presets(environment);
}

template <typename Rule>
void check(const Rule& setting, int steps_per_round, int /*environments*/, int shards) {
  check_round(setting, steps_per_round, shards);
}

void check(const DqnSetting& setting, int /*steps_per_round*/, int environments, int shards) {
  check_round(setting, environments, shards);
}

std::unique_ptr<Learner> make(const PpoSetting& setting, const NetworkLayout& layout, const LearnerPlan& plan,
                              LearnerStorage storage) {
  return std::make_unique<PpoLearner>(layout, setting, plan, std::move(storage));
}

std::unique_ptr<Learner> make(const A2cSetting& setting, const NetworkLayout& layout, const LearnerPlan& plan,
                              LearnerStorage storage) {
  return std::make_unique<ActorCriticLearner>(layout, setting.learner, setting.targets, plan, std::move(storage));
}

std::unique_ptr<Learner> make(const VtraceSetting& setting, const NetworkLayout& layout, const LearnerPlan& plan,
                              LearnerStorage storage) {
  return std::make_unique<ActorCriticLearner>(layout, setting.learner, setting.targets, plan, std::move(storage));
}

std::unique_ptr<Learner> make(const DqnSetting& setting, const NetworkLayout& layout, const LearnerPlan& plan,
                              LearnerStorage storage) {
  return std::make_unique<DqnLearner>(layout, setting, plan, std::move(storage));
}

std::unique_ptr<Learner> make(const ReinforceSetting& setting, const NetworkLayout& layout, const LearnerPlan& plan,
                              LearnerStorage storage) {
  return std::make_unique<ReinforceLearner>(layout, setting, plan, std::move(storage));
}

}  // namespace

std::vector<std::string_view> rule_names() {
  std::vector<std::string_view> names;
  for (const RuleSetting& setting : all_settings()) names.push_back(name_of(setting));
  return names;
}

std::string_view name_of(const RuleSetting& setting) {
  return std::visit([](const auto& rule) { return name_of_alternative(rule); }, setting);
}

CollectionNeeds needs_of(const RuleSetting& setting) {
  return std::visit([](const auto& rule) { return needs_of_alternative(rule); }, setting);
}

ExplorationSetting exploration_of(const RuleSetting& setting, int environments) {
  const auto* dqn = std::get_if<DqnSetting>(&setting);
  if (dqn == nullptr) return {};
  ExplorationSetting exploration = dqn->exploration;
  exploration.environments = environments;
  exploration.dueling = dqn->loss.dueling;
  return exploration;
}

std::string_view why_not(std::string_view rule, ActionKind actions) {
  if (actions == ActionKind::kDiscrete || !std::holds_alternative<DqnSetting>(default_setting(rule))) return "";
  return "its greatest action value is looked for among discrete actions";
}

RuleSetting default_setting(std::string_view rule) {
  for (RuleSetting& setting : all_settings()) {
    if (name_of(setting) == rule) return std::move(setting);
  }
  throw std::invalid_argument("there is no learning rule '" + std::string(rule) + "'");
}

std::vector<SettingField> fields_of(RuleSetting& setting) {
  return std::visit([](auto& rule) { return fields_of(rule); }, setting);
}

std::vector<RulePreset> presets_of(std::string_view rule, std::string_view environment) {
  return std::visit([environment](const auto& alternative) { return presets_of_alternative(alternative, environment); },
                    default_setting(rule));
}

void check_round(const RuleSetting& setting, int steps_per_round, int environments, int shards) {
  std::visit([&](const auto& rule) { check(rule, steps_per_round, environments, shards); }, setting);
}

int gradient_parts_of(const RuleSetting& setting, const NetworkSpec& network) {
  const auto* ppo = std::get_if<PpoSetting>(&setting);
  const bool divides = ppo != nullptr && ppo->backpropagation == Backpropagation::kFlat && !network.shared_trunk;
  return divides ? 2 : 1;
}

std::unique_ptr<Learner> make_learner(const RuleSetting& setting, const NetworkLayout& layout, const LearnerPlan& plan,
                                      LearnerStorage storage) {
  return std::visit([&](const auto& rule) { return make(rule, layout, plan, std::move(storage)); }, setting);
}

}  // namespace prl

// The learning rules by name: what can be set of each, its presets, and how a learner is made. A rule is added by an
// alternative of RuleSetting, its case in each function of rules.cpp, and its files.
#pragma once

#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "algorithms/actor_critic_setting.hpp"
#include "algorithms/dqn_setting.hpp"
#include "algorithms/ppo_setting.hpp"
#include "algorithms/reinforce_setting.hpp"
#include "algorithms/setting_field.hpp"
#include "core/exploration.hpp"
#include "core/learner.hpp"
#include "core/network_layout.hpp"

namespace prl {

using RuleSetting = std::variant<PpoSetting, A2cSetting, VtraceSetting, DqnSetting, ReinforceSetting>;

// What a rule needs of collecting beside plain rollouts.
struct CollectionNeeds {
  bool cut_observations = false;    // core/segment.hpp
  bool action_values = false;       // core/segment.hpp
  bool continued_segments = false;  // of the same environments: samples reach from one into the next
  int episodes = 0;                 // whole ones a round, all environments together; 0: a fixed number of steps
};

// Named settings of rule and network, the same for every collection mode; single values can be overridden.
struct RulePreset {
  std::string_view name;
  std::string_view description;
  NetworkSpec network;  // hidden layers, trunk, activation, initial log std; sizes come from the environment
  RuleSetting setting;
  int steps_per_round = 2048;  // of rules whose rounds are a fixed number of steps
};

// As --algorithm takes them, in the order in which they are listed.
std::vector<std::string_view> rule_names();

std::string_view name_of(const RuleSetting& setting);

// Default settings of the rule with that name. Throws std::invalid_argument.
RuleSetting default_setting(std::string_view rule);

// Pointers into `setting`, which must outlive them.
std::vector<SettingField> fields_of(RuleSetting& setting);

CollectionNeeds needs_of(const RuleSetting& setting);

// How the rule acts while collecting, in a run of that many environments.
ExplorationSetting exploration_of(const RuleSetting& setting, int environments);

// Why the rule has no use for actions of that kind; empty where it has.
std::string_view why_not(std::string_view rule, ActionKind actions);

// The presets of a rule for an environment, the default first.
std::vector<RulePreset> presets_of(std::string_view rule, std::string_view environment);

// Throws std::invalid_argument with one line unless rounds of that size can be learned from with that many shards.
void check_round(const RuleSetting& setting, int steps_per_round, int environments, int shards);

// The learner's gradient_parts().
int gradient_parts_of(const RuleSetting& setting, const NetworkSpec& network);

// Parameters are taken as they are in `storage`.
std::unique_ptr<Learner> make_learner(const RuleSetting& setting, const NetworkLayout& layout, const LearnerPlan& plan,
                                      LearnerStorage storage);

}  // namespace prl

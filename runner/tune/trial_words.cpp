#include "runner/tune/trial_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runner/train_options.hpp"
#include "runner/tune/successive_halving.hpp"

namespace prl {
namespace {

// Seeds of runs that start with another's policy: they must not meet the random numbers of the stage before again.
std::string seed_word(const std::vector<std::string>& words, const Trial& trial) {
  std::uint64_t seed = 1;
  for (const std::string& word : words) {
    if (word.rfind("--seed=", 0) == 0) seed = std::stoull(word.substr(7));
  }
  return fmt::format("--seed={}", seed + static_cast<std::uint64_t>(trial.stage));
}

bool makes_a_run(std::vector<std::string> words) {
  CLI::App app;
  TrainOptions options;
  add_train_options(app, options);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back.
  try {
    app.parse(words);
    configure(options);
  } catch (const CLI::ParseError&) {
    return false;
  } catch (const UsageError&) {
    return false;
  }
  return true;
}

// Whether only options of the rule are drawn, and the seed: others change what a checkpoint has of the environments.
bool draws_rule_options(const SettingSpace& space) {
  CLI::App app;
  GivenSettings given;
  add_rule_options(app, given);
  std::set<std::string> names = {"--seed"};
  for (const CLI::Option* option : app.get_options()) names.insert(option->get_name());
  return std::all_of(space.begin(), space.end(), [&](const Dimension& d) { return names.contains(d.option); });
}

// Whether the stages of such a trial can go on from checkpoints.
bool can_be_kept(const SearchPlan& plan, std::vector<std::string> words) {
  words.insert(words.end(), {"--checkpoint=kept", "--checkpoint-every=1"});
  if (plan.kind == SearchKind::kHalving) return makes_a_run(std::move(words));
  words.emplace_back("--learner-from=kept");
  return draws_rule_options(plan.space) && makes_a_run(std::move(words));
}

}  // namespace

long rounds_before(const SearchPlan& plan, const Trial& trial) {
  if (!trial.after) return 0;
  if (plan.kind == SearchKind::kPopulation) return std::min(plan.rounds, (*trial.after + 1) * plan.first_rounds);
  return rung_rounds(plan.first_rounds, plan.rounds, plan.reduction)[static_cast<std::size_t>(*trial.after)];
}

TrialWords trial_words(const Study& study, const StudyFolder& folder, const Trial& trial) {
  const SearchPlan& plan = study.plan;
  std::vector<std::string> setting = study.train;
  for (const std::string& word : setting_words(plan.space, trial.setting)) setting.push_back(word);
  TrialWords made;
  made.words = {"train"};
  std::vector<std::string>& words = made.words;
  words.insert(words.end(), setting.begin(), setting.end());
  words.emplace_back("--progress=none");
  words.push_back("--record=" + folder.record_of(trial).string());
  words.push_back("--save-policy=" + folder.policy_of(trial).string());
  const bool population = plan.kind == SearchKind::kPopulation;
  const bool staged = population || plan.kind == SearchKind::kHalving;
  setting.push_back(fmt::format("--rounds={}", plan.rounds));
  const bool kept = staged && can_be_kept(plan, setting);
  if (population && !kept) {
    words.push_back(fmt::format("--rounds={}", trial.rounds - rounds_before(plan, trial)));
    if (!trial.parent && !trial.after) return made;
    const TrialStage from = trial.parent ? *trial.parent : TrialStage{trial.number, *trial.after};
    words.push_back("--initial-policy=" + folder.policy_of({from.number, from.stage}).string());
    words.push_back(seed_word(setting, trial));
    made.start = TrialStart::kPolicy;
    return made;
  }
  words.push_back(setting.back());
  if (trial.rounds < plan.rounds) words.push_back(fmt::format("--stop-after={}", trial.rounds));
  if (!kept) return made;
  if (population || trial.rounds < plan.rounds) {
    words.push_back("--checkpoint=" + folder.checkpoint_of(trial).string());
    words.push_back(fmt::format("--checkpoint-every={}", trial.rounds));
  }
  if (trial.after) words.push_back("--resume=" + folder.checkpoint_of({trial.number, *trial.after}).string());
  if (trial.parent) {
    words.push_back("--learner-from=" + folder.checkpoint_of({trial.parent->number, trial.parent->stage}).string());
  }
  if (trial.after || trial.parent) made.start = TrialStart::kCheckpoint;
  return made;
}

}  // namespace prl

#include "runner/tabular/tabular_configuration.hpp"

#include <fmt/format.h>

#include "envs/tabular/registry.hpp"
#include "runner/tabular/tabular_cells.hpp"

namespace prl {
namespace {

// Tables, pools and bins of more would not fit the counters or the memory.
constexpr int kMostTransitions = 100'000'000;

void require(bool holds, const std::string& message) {
  if (!holds) throw UsageError(message);
}

void require_between(const char* option, long value, long low, long high) {
  require(value >= low && value <= high,
          fmt::format("--{} is {}: give a whole number from {} to {}", option, value, low, high));
}

void validate_server(const TabularConfiguration& c) {
  const std::string agreement = name_of(c.agreement);
  const bool server = c.agreement == TableAgreement::kServer;
  require(server || c.schedule == usual_schedule(c.agreement),
          fmt::format("--schedule {} with --agreement {}: it is always {}; only server has both", name_of(c.schedule),
                      agreement, name_of(usual_schedule(c.agreement))));
  require_between("local-updates", c.local_updates, 1, 1'000'000);
  require(c.local_updates == 1 || server || c.agreement == TableAgreement::kGradients,
          fmt::format("--local-updates with --agreement {}: no worker has a table of its own; use server or gradients",
                      agreement));
  require(c.merge_rate > 0.0 && c.merge_rate <= 1.0,
          fmt::format("--merge-rate is {}: give a number above 0, at most 1", c.merge_rate));
  require(c.refresh_after_merge || (server && c.schedule == Schedule::kFreeRunning),
          "--refresh-after-merge false without merges: give --agreement server --schedule free-running");
}

void validate_agents(const TabularConfiguration& c) {
  const TabularAgentSetting& setting = c.setting;
  if (c.experience != Experience::kAgents) {
    require(c.step_cost.kind == StepCost::Kind::kNone,
            "--step-cost is of agents' steps: give --experience agents, or no step cost");
    require(setting.replay_capacity == 0,
            "--replay belongs to agents: give --experience agents, or pool for draws from one");
    return;
  }
  require(c.step_cost.spread == StepCost::Spread::kNone, "--step-cost of agents has no spread: leave it away");
  require_between("agents", c.agents, 1, 10000);
  require(c.agents % c.workers == 0,
          fmt::format("--agents {} is no multiple of --workers {}: every worker has the same number of agents; give a "
                      "multiple",
                      c.agents, c.workers));
  require_between("replay", setting.replay_capacity, 0, kMostTransitions);
  require(setting.replay_capacity == 0 || setting.rule == TabularRule::kQLearning,
          "--replay with sarsa: its update needs the action that the present policy takes; use q-learning");
  require(
      setting.replay_capacity == 0 || (setting.replay_batch >= 1 && setting.replay_batch <= setting.replay_capacity),
      fmt::format("--replay-batch is {}: give a whole number from 1 to --replay, {}", setting.replay_batch,
                  setting.replay_capacity));
}

}  // namespace

void validate(const TabularConfiguration& c) {
  const TabularCell cell = find_cell(c.setting.rule, c.collect, c.experience, c.agreement);
  require(cell.available,
          fmt::format("--algorithm {} --collect {} --experience {} --agreement {}: {}", name_of(c.setting.rule),
                      name_of(c.collect), name_of(c.experience), name_of(c.agreement), cell.reason));
  require(is_table_name(c.environment), fmt::format("--env '{}' is no table: {}", c.environment,
                                                    "give one of those that prl list calls tables, or "
                                                    "RandomMdp-S<states>-A<actions>[-seed<n>]"));
  require_between("workers", c.workers, 1, 1024);
  require(
      c.collect != CollectMode::kSerial || c.workers == 1,
      fmt::format("--collect serial has one worker, not {}: choose threads or processes, or --workers 1", c.workers));
  require_between("batch", c.batch, 1, kMostTransitions);
  require_between("pool", c.pool, 1, kMostTransitions);
  require(c.look_every >= 1, "--look-every is 0: give a number of steps");
  require(
      c.setting.gamma >= 0.0 && c.setting.gamma < 1.0,
      fmt::format("--gamma is {}: Q* is found by value iteration; give a number from 0 to below 1", c.setting.gamma));
  require(c.stop_at_error >= 0.0, fmt::format("--stop-at-error is {}: give 0 (never) or more", c.stop_at_error));
  require(c.setting.walk.episode_limit >= 0, "--episode-limit is negative: give 0 (none) or a number of steps");
  validate_server(c);
  validate_agents(c);
}

Schedule usual_schedule(TableAgreement agreement) {
  const bool free = agreement == TableAgreement::kShared || agreement == TableAgreement::kGradients;
  return free ? Schedule::kFreeRunning : Schedule::kLockStep;
}

std::string name_of(TabularRule rule) { return rule == TabularRule::kQLearning ? "q-learning" : "sarsa"; }

std::string name_of(Experience experience) {
  if (experience == Experience::kAgents) return "agents";
  return experience == Experience::kModel ? "model" : "pool";
}

std::string name_of(TableAgreement agreement) {
  switch (agreement) {
    case TableAgreement::kNone:
      return "none";
    case TableAgreement::kPartition:
      return "partition";
    case TableAgreement::kShared:
      return "shared";
    case TableAgreement::kServer:
      return "server";
    case TableAgreement::kExperience:
      return "experience";
    case TableAgreement::kGradients:
      return "gradients";
  }
  return "";
}

}  // namespace prl

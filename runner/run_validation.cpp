#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "algorithms/network_setting.hpp"
#include "core/early_cut.hpp"
#include "envs/registry.hpp"
#include "parallel/agree/thread_update.hpp"
#include "runner/cell_matrix.hpp"
#include "runner/run_configuration.hpp"

namespace prl {
namespace {

void require(bool holds, const std::string& message) {
  if (!holds) throw UsageError(message);
}

void require_positive(const char* option, long value) {
  require(value >= 1, fmt::format("--{} is {}: give a whole number of at least 1", option, value));
}

void validate_counts(const RunConfiguration& c) {
  require_positive("workers", c.workers);
  require_positive("envs", c.environments);
  require_positive("steps", c.rounds);
  require_positive("steps-per-round", c.steps_per_round);
  require_positive("learner-threads", c.learner_threads);
  require_positive("threads-per-worker", c.threads_per_worker);
  require_positive("shards", c.shards);
  require_positive("queue-depth", c.queue_depth);
  require_positive("agree-every", c.agree_every);
  require_positive("server-shards", c.server_shards);
  require(c.lag >= 0, "--lag is negative: give 0 or a number of rounds");
  require_positive("evaluation-episodes", c.evaluation.episodes);
  require(c.warmup_rounds >= 0, "--warmup-rounds is negative: give 0 or more");
  require(c.evaluation.every_rounds >= 0, "--evaluate-every is negative: give 0 (never) or a number of rounds");
  require(c.evaluation.final_episodes >= 0, "--final-episodes is negative: give 0 (none) or more");
  require(!c.solved_return || std::isfinite(*c.solved_return),
          fmt::format("--solved-return is {}: give a number", c.solved_return.value_or(0.0)));
  const int episodes = c.episodes_per_round();
  require(
      episodes % c.environments == 0,
      fmt::format("--episodes {} is no multiple of --envs {}: every environment plays the same number of episodes a "
                  "round; give a multiple",
                  episodes, c.environments));
  require(
      c.steps_per_round % c.environments == 0,
      fmt::format("--steps-per-round {} is no multiple of --envs {}: every environment takes the same number of steps "
                  "a round; give a multiple",
                  c.steps_per_round, c.environments));
}

void validate_field(const SettingField& field) {
  std::string option(field.name);
  std::replace(option.begin(), option.end(), '_', '-');
  if (const auto* number = std::get_if<float*>(&field.value)) {
    const auto value = static_cast<double>(**number);
    require(value >= field.least && value <= field.most,
            fmt::format("--{} is {}: give a number from {} to {}", option, **number, field.least, field.most));
  } else if (const auto* count = std::get_if<int*>(&field.value)) {
    require(**count >= field.least && **count <= field.most,
            fmt::format("--{} is {}: give a whole number of at least {}", option, **count, field.least));
  }
}

void validate_settings(RunConfiguration c) {
  for (const SettingField& field : fields_of(c.rule)) validate_field(field);
  for (const SettingField& field : fields_of(c.network)) validate_field(field);
}

void validate_schedule(const RunConfiguration& c) {
  require(c.lag == 0 || (c.schedule == Schedule::kLockStep && c.agreement == Agreement::kNone),
          fmt::format("--lag {} holds the actors of a central learner in lock-step back: leave --schedule and "
                      "--agreement away",
                      c.lag));
  require(
      c.publish_weights || (c.agreement == Agreement::kNone && c.inference == InferencePlace::kWorkers),
      "--publish-weights false keeps a central learner's parameters from the workers, which act by themselves: leave "
      "--agreement and --inference away");
  require(c.publish_weights || c.lag == 0,
          fmt::format("--publish-weights false and --lag {}: parameters that never come have no lag; give one of them",
                      c.lag));
  require(c.queue_depth == 1 || c.central_learner_runs_free(),
          "--queue-depth is for --schedule free-running with --agreement none: leave it away");
  require(
      !c.spawn.actors || (c.collect == CollectMode::kMpi && c.central_learner_runs_free()),
      "--spawn-actors is for MPI ranks that act beside one learner and wait for nobody: give --collect mpi --schedule "
      "free-running with it, and no --agreement");
  require(c.averages == AverageSharing::kShared || c.agreement == Agreement::kHogwild,
          "--averages is for --agreement hogwild: leave it away");
  if (!c.free_running()) return;
  require(
      c.environments % c.workers == 0,
      fmt::format("--schedule free-running learns from one worker's segment at a time, and {} workers do not divide "
                  "{} environments: give a multiple of the workers as --envs",
                  c.workers, c.environments));
}

bool costs_something(const RunConfiguration& c) {
  return c.step_cost.kind != StepCost::Kind::kNone || c.reset_cost.kind != StepCost::Kind::kNone;
}

void validate_costs(const RunConfiguration& c) {
  require(c.reset_cost.spread == StepCost::Spread::kNone,
          "--reset-cost has no spread: leave :pareto or :lognormal to --step-cost");
  require(c.episodes_per_round() == 0 ||
              (c.reset_cost.kind == StepCost::Kind::kNone && c.step_cost.spread == StepCost::Spread::kNone),
          fmt::format("{} starts all episodes anew every round, and steps environments that idle: give --step-cost "
                      "without a spread, and no --reset-cost",
                      c.algorithm()));
  if (c.slow_worker < 0) return;
  require(c.slow_worker < c.workers && c.workers > 1,
          fmt::format("--slow-worker {} of {} workers: give one of two workers or more, counted from 0", c.slow_worker,
                      c.workers));
  require(c.threads_per_worker == 1, "--slow-worker is of workers with one thread: leave --threads-per-worker away");
  require(costs_something(c), "--slow-worker multiplies a step cost, and there is none: give --step-cost");
}

void validate_grain(const RunConfiguration& c) {
  if (c.grain == 0) return;
  require(c.grain >= 1 && c.grain <= c.environments,
          fmt::format("--grain {} of {} environments: give a number from 1 to that", c.grain, c.environments));
  require(
      c.collect == CollectMode::kThreads && !c.free_running(),
      "--grain divides the environments among threads that wait for each other at the end of a round: give --collect "
      "threads with it, and no --schedule free-running");
}

void validate_balance(const RunConfiguration& c) {
  if (c.balance == Balance::kNone) return;
  require(c.collect != CollectMode::kSerial,
          "--balance moves environments between workers, and there is one: give --collect threads, processes or mpi");
  require(
      c.schedule == Schedule::kLockStep && c.agreement == Agreement::kNone,
      "--balance divides the environments of a central learner between two rounds in lock-step: leave --schedule and "
      "--agreement away");
  require(c.inference == InferencePlace::kWorkers && c.threads_per_worker == 1 && c.grain == 0,
          "--balance is of workers that act with a range of environments each: leave --inference, --threads-per-worker "
          "and --grain away");
  require(
      c.episodes_per_round() == 0,
      fmt::format("--balance divides rounds of a fixed number of steps, and those of {} are whole episodes, which end "
                  "when they end: leave it away",
                  c.algorithm()));
}

void validate_early_cut(const RunConfiguration& c) {
  if (!c.cut_stragglers) return;
  require(*c.cut_stragglers > 0.0 && *c.cut_stragglers <= 1.0,
          fmt::format("--cut-stragglers is {}: give a share of the workers above 0, at most 1", *c.cut_stragglers));
  require(
      c.collect != CollectMode::kSerial,
      "--cut-stragglers ends the rounds of slow workers, and there is one: give --collect threads, processes or mpi");
  require(
      c.schedule == Schedule::kLockStep && (c.agreement == Agreement::kNone || c.agreement == Agreement::kAllReduce),
      "--cut-stragglers is for workers that wait for each other and learn from one batch: leave --schedule away, and "
      "give --agreement none or all-reduce");
  require(c.inference == InferencePlace::kWorkers && c.grain == 0 && c.balance == Balance::kNone,
          "--cut-stragglers is of workers that act with a range of environments each, and keep it: leave --inference, "
          "--grain and --balance away");
  const CollectionNeeds needs = needs_of(c.rule);
  require(
      needs.episodes == 0 && !needs.continued_segments,
      fmt::format("--cut-stragglers is for rules that learn from rollouts of any length, ppo, a2c and vtrace: leave it "
                  "away with {}",
                  c.algorithm()));
  require(
      c.environments % c.shards == 0,
      fmt::format("--cut-stragglers needs shards of whole trajectories, and {} does not divide {} environments: give "
                  "other --shards or --envs",
                  c.shards, c.environments));
  const auto* ppo = std::get_if<PpoSetting>(&c.rule);
  const int least = c.environments / c.shards * least_steps(c.steps_per_environment());
  require(
      ppo == nullptr || (c.steps_per_round - 1) / ppo->minibatch + 1 <= least,
      fmt::format("--cut-stragglers may leave {} steps of a shard, fewer than a round has minibatches: give a larger "
                  "--minibatch",
                  least));
}

void validate_cost_rounds(const RunConfiguration& c) {
  if (c.cost_rounds.empty()) return;
  require(costs_something(c), "--cost-rounds says which rounds pay a step cost, and there is none: give --step-cost");
  require(!c.free_running(),
          "--cost-rounds is for --schedule lock-step: workers that run freely have no common rounds");
  const int last = c.cost_rounds.back();
  require(last <= c.rounds,
          fmt::format("--cost-rounds names round {} of {}: give rounds that there are", last, c.rounds));
}

void validate_actions(const RunConfiguration& c) {
  const std::string_view reason = why_not(c.algorithm(), c.network.action_kind);
  require(reason.empty(), fmt::format("there is no {} on {}: {}; give an --env with those (see prl list)",
                                      c.algorithm(), c.environment, reason));
  require(samples_actions(c) || c.evaluation.action == EvaluationAction::kMean,
          fmt::format("--evaluation-action sampled: action values of {} are no distribution to sample from; leave it "
                      "away, and the greatest is taken",
                      c.algorithm()));
}

void validate_round(const RunConfiguration& c) {
  try {
    NetworkLayout{c.network};
    check_round(c.rule, c.steps_per_segment(), c.meets_on_parameters() ? c.environments / c.workers : c.environments,
                c.shards);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

void validate_agreement(const RunConfiguration& c) {
  require(
      c.all_reduce == AllReduce::kDirect || (c.agreement == Agreement::kAllReduce && c.collect == CollectMode::kMpi),
      fmt::format("--all-reduce {} is a way for MPI ranks to add gradients up, and others add them in shared memory: "
                  "give --collect mpi --agreement all-reduce with it",
                  name_of(c.all_reduce)));
  require(
      c.agree_every == 1 || c.meets_on_parameters(),
      fmt::format("--agree-every {} is for workers that meet on parameters: give --agreement server or gossip with it",
                  c.agree_every));
  require(
      c.server_shards == 1 || c.agreement == Agreement::kServer,
      fmt::format("--server-shards {} is for a parameter server: give --agreement server with it", c.server_shards));
  require(c.graph == GossipTopology::kRing || c.gossips(),
          fmt::format("--graph {} says who meets whom in a gossip: give --agreement gossip with it", name_of(c.graph)));
  require(!c.gossips() || !c.free_running() || is_symmetric(c.graph),
          fmt::format("--graph {} has a direction, and free-running pairs average both copies: give --graph ring, "
                      "hypercube or random-pairs, or --schedule lock-step",
                      name_of(c.graph)));
  const bool merges =
      c.agreement == Agreement::kServer && c.free_running() && c.server_takes == ServerTakes::kParameters;
  require(c.server_takes == ServerTakes::kParameters || (c.agreement == Agreement::kServer && c.free_running()),
          "--server-takes gradients is for --agreement server --schedule free-running; in lock-step give --agreement "
          "all-reduce in its place");
  require(c.merge_rate_or_mean() > 0.0 && c.merge_rate_or_mean() <= 1.0,
          fmt::format("--merge-rate is {}: give a number above 0, at most 1", c.merge_rate_or_mean()));
  require(merges || (!c.merge_rate && c.refresh_after_merge),
          "--merge-rate and --refresh-after-merge are for parameters that free-running workers merge with a server's: "
          "give --agreement server --schedule free-running with them, and leave --server-takes away");
  require(c.server_takes == ServerTakes::kParameters || c.agree_every == 1,
          "--agree-every is for workers that meet on parameters: leave it or --server-takes gradients away");
  require(
      c.server_takes == ServerTakes::kParameters || c.algorithm() != "dqn",
      "--server-takes gradients: every worker of dqn would learn from a replay and a target network of its own; leave "
      "it away");
  require(c.server_shards == 1 || !c.free_running() || c.collect == CollectMode::kMpi,
          "--server-shards: free-running threads and processes find the server's parameters in memory that they share, "
          "in one place; leave it away, or give --collect mpi");
  const auto* const dqn = std::get_if<DqnSetting>(&c.rule);
  require(dqn == nullptr || dqn->target_interval > 0 || (c.meets_on_parameters() && c.refresh_after_merge),
          "--target-interval 0 takes the target network from meetings of workers: give --agreement server with it, and "
          "leave --refresh-after-merge away");
  require(c.server_shards <= c.workers || c.free_running(),
          fmt::format("--server-shards {} are served by workers, and there are {}: give at most as many",
                      c.server_shards, c.workers));
  if (c.codec.kind == CodecKind::kNone) return;
  const bool by_messages = c.collect == CollectMode::kProcesses || c.collect == CollectMode::kMpi;
  require(
      c.agreement == Agreement::kAllReduce && by_messages,
      fmt::format("--codec {} is for gradients that cross as messages, and here none do: give --collect processes or "
                  "mpi and --agreement all-reduce with it",
                  to_string(c.codec)));
  require(
      c.all_reduce == AllReduce::kDirect,
      fmt::format("--all-reduce {} adds gradients on their way, and encoded ones have to be decoded first: leave it "
                  "or --codec away",
                  name_of(c.all_reduce)));
}

void validate_threads_per_worker(const RunConfiguration& c) {
  if (c.threads_per_worker == 1) return;
  require(c.collect == CollectMode::kProcesses || c.collect == CollectMode::kMpi,
          fmt::format("--threads-per-worker {} is of workers that are processes or ranks: with --collect {} give "
                      "--collect threads --workers {}",
                      c.threads_per_worker, name_of(c.collect), c.threads_per_worker * c.workers));
  require(c.inference == InferencePlace::kWorkers,
          "--threads-per-worker divides acting as well as stepping: use --inference workers");
  require(c.workers * c.threads_per_worker <= c.environments,
          fmt::format("{} workers of {} threads cannot share {} environments: give at least one environment a thread "
                      "(--envs {})",
                      c.workers, c.threads_per_worker, c.environments, c.workers * c.threads_per_worker));
}

void validate_checkpoints(const RunConfiguration& c) {
  const CheckpointSetting& checkpoint = c.checkpoint;
  require(checkpoint.every_rounds >= 0, "--checkpoint-every is negative: give 0 (none) or a number of rounds");
  require(checkpoint.file.empty() == (checkpoint.every_rounds == 0),
          "--checkpoint names the file and --checkpoint-every the rounds between writing it: give both or none");
  require(checkpoint.stop_after >= 0 && checkpoint.stop_after <= c.rounds,
          fmt::format("--stop-after is {}: give a round of the run's {}, or 0 to run all", checkpoint.stop_after,
                      c.rounds));
  const bool one_learner =
      c.agreement == Agreement::kNone || (c.agreement == Agreement::kAllReduce && c.collect == CollectMode::kThreads);
  require(checkpoint.learner_from.empty() || (one_learner && c.schedule == Schedule::kLockStep),
          "--learner-from gives one learner the state of another: leave --schedule and --agreement away");
  if (checkpoint.every_rounds == 0 && checkpoint.resume.empty()) return;
  const std::string option = checkpoint.every_rounds > 0 ? "--checkpoint-every" : "--resume";
  const bool own_optimisers = c.agreement == Agreement::kGossip ||
                              (c.agreement == Agreement::kServer && c.server_takes == ServerTakes::kParameters);
  const bool apart = c.agreement != Agreement::kNone && c.collect == CollectMode::kMpi;
  require(!c.free_running() || !(own_optimisers || apart),
          fmt::format("{}: free-running workers with optimisers or memory of their own do not come together to give "
                      "what they have to worker 0: give --server-takes gradients with processes or threads, or "
                      "--schedule lock-step",
                      option));
}

void validate_division(const RunConfiguration& c) {
  require(c.workers <= c.environments,
          fmt::format("{} workers cannot share {} environments: give at least one environment a worker (--envs {})",
                      c.workers, c.environments, c.workers));
  require(c.collect != CollectMode::kSerial || c.workers == 1,
          fmt::format("--collect serial has one worker, not {}: choose threads, processes or mpi, or --workers 1",
                      c.workers));
  validate_threads_per_worker(c);
  if (c.agreement == Agreement::kAllReduce) {
    require(c.environments % c.workers == 0,
            fmt::format("--agreement all-reduce needs the same number of environments in every worker, and {} does not "
                        "divide {}: give a multiple of the workers as --envs",
                        c.workers, c.environments));
    require(c.shards == c.workers,
            fmt::format("--agreement all-reduce has one shard a worker: {} shards for {} workers; leave --shards away",
                        c.shards, c.workers));
  } else if (c.meets_on_parameters()) {
    require(c.environments % c.workers == 0,
            fmt::format("--agreement {} needs the same number of environments in every worker, and {} does not divide "
                        "{}: give a multiple of the workers as --envs",
                        name_of(c.agreement), c.workers, c.environments));
    require(c.shards == 1 && c.learner_threads == 1,
            fmt::format("--agreement {} has a learner in each worker: leave --shards and --learner-threads away",
                        name_of(c.agreement)));
  } else if (c.agreement == Agreement::kHogwild) {
    require(c.shards == 1 && c.learner_threads == 1,
            "--agreement hogwild has a gradient of each worker alone: leave --shards and --learner-threads away");
  } else {
    const int each = threads_of_a_part(c.learner_threads, gradient_parts_of(c.rule, c.network));
    require(c.shards % each == 0,
            fmt::format("{} learner threads cannot share {} shards evenly: give a multiple of {} as --shards",
                        c.learner_threads, c.shards, each));
  }
}

}  // namespace

void validate(const RunConfiguration& c) {
  validate_counts(c);
  validate_settings(c);
  validate_checkpoints(c);
  const Cell cell = find_cell(std::string(c.algorithm()), {c.collect, c.inference, c.agreement, c.schedule});
  if (!cell.available) {
    throw UsageError(fmt::format("there is no {} with --collect {} --inference {} --agreement {} --schedule {}: {}",
                                 c.algorithm(), name_of(c.collect), name_of(c.inference), name_of(c.agreement),
                                 name_of(c.schedule), cell.reason));
  }
  validate_actions(c);
  validate_agreement(c);
  validate_division(c);
  validate_schedule(c);
  validate_costs(c);
  validate_grain(c);
  validate_balance(c);
  validate_early_cut(c);
  validate_cost_rounds(c);
  validate_round(c);
}

}  // namespace prl

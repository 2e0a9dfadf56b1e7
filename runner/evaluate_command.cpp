#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "envs/registry.hpp"
#include "parallel/transport/communication.hpp"
#include "runner/atomic_file.hpp"
#include "runner/commands.hpp"
#include "runner/interrupt.hpp"
#include "runner/policy_comparison.hpp"
#include "runner/run_record.hpp"

namespace prl {
namespace {

constexpr int kMostWorkers = 4096;

const EnvironmentEntry& environment_for(const Policy& policy, const std::string& asked) {
  const std::string name = asked.empty() ? policy.environment : asked;
  const EnvironmentEntry& entry = known_environment(name);
  const EnvironmentInfo info = entry.info();
  const bool discrete = policy.network.action_kind == ActionKind::kDiscrete;
  if (info.observation_size != policy.network.observation_size || info.head_size != policy.network.head_size ||
      info.discrete != discrete) {
    throw UsageError(
        fmt::format("the policy was trained on {} and does not fit {}: leave --env away", policy.environment, name));
  }
  return entry;
}

EvaluationTask task_of(const std::filesystem::path& path, const EvaluateOptions& options) {
  EvaluationTask task{nullptr, load_policy(path)};
  task.environment = &environment_for(task.policy, options.environment);
  if (task.policy.action_values && options.action == EvaluationAction::kSampled) {
    throw UsageError(
        "--sampled: the policy's action values are no distribution to sample from; leave it away, and the greatest is "
        "taken");
  }
  return task;
}

std::string action_name(const EvaluateOptions& options) {
  return options.action == EvaluationAction::kMean ? "mean" : "sampled";
}

Json evaluation_json(const EvaluateOptions& options, const EvaluationTask& task, const Evaluation& evaluation) {
  return {{"schema_version", kSchemaVersion},
          {"kind", "evaluate"},
          {"environment", std::string(task.environment->info().name)},
          {"episodes", evaluation.returns.size()},
          {"seed", options.seed},
          {"action", action_name(options)},
          {"mean", evaluation.mean()},
          {"standard_error", evaluation.standard_error()},
          {"returns", evaluation.returns},
          {"provenance", build_json()}};
}

Json comparison_json(const EvaluateOptions& options, const std::vector<EvaluationTask>& tasks,
                     const std::vector<Evaluation>& evaluations, double seconds) {
  Json json = {{"schema_version", kSchemaVersion},
               {"kind", "evaluate several"},
               {"episodes", options.episodes},
               {"seed", options.seed},
               {"action", action_name(options)},
               {"workers", options.workers},
               {"seconds", seconds}};
  json["policies"] = Json::array();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    json["policies"].push_back({{"file", options.policies[i].string()},
                                {"environment", std::string(tasks[i].environment->info().name)},
                                {"mean", evaluations[i].mean()},
                                {"standard_error", evaluations[i].standard_error()},
                                {"returns", evaluations[i].returns}});
  }
  json["provenance"] = build_json();
  return json;
}

}  // namespace

int run_evaluate(const EvaluateOptions& options) {
  if (options.episodes < 1) throw UsageError("--episodes must be at least 1: give a positive number");
  if (options.workers < 1 || options.workers > kMostWorkers) {
    throw UsageError(fmt::format("--workers is {}: give a whole number from 1 to {}", options.workers, kMostWorkers));
  }
  std::vector<EvaluationTask> tasks;
  for (const std::filesystem::path& path : options.policies) tasks.push_back(task_of(path, options));
  if (!options.record.empty()) check_writable(options.record);
  const bool several = tasks.size() > 1;
  const double begin = monotonic_seconds();
  const std::vector<Evaluation> evaluations =
      evaluate_policies(tasks, options.episodes, options.seed, options.action, options.workers, stop_requested());
  const double seconds = monotonic_seconds() - begin;
  if (evaluations.empty()) return kExitInterrupted;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    fmt::print("{}{}: mean return {:.2f} over {} episodes, standard error {:.2f}\n",
               several ? options.policies[i].string() + " " : "", tasks[i].environment->info().name,
               evaluations[i].mean(), evaluations[i].returns.size(), evaluations[i].standard_error());
  }
  if (!options.record.empty()) {
    const Json record = several ? comparison_json(options, tasks, evaluations, seconds)
                                : evaluation_json(options, tasks.front(), evaluations.front());
    write_file_atomically(options.record, record.dump(1) + "\n");
  }
  return 0;
}

}  // namespace prl

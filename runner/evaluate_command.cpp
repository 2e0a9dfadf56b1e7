#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "envs/registry.hpp"
#include "runner/atomic_file.hpp"
#include "runner/commands.hpp"
#include "runner/interrupt.hpp"
#include "runner/policy_file.hpp"
#include "runner/run_record.hpp"

namespace prl {
namespace {

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

Json evaluation_json(const EvaluateOptions& options, const EnvironmentInfo& info, const Evaluation& evaluation) {
  return {{"schema_version", kSchemaVersion},
          {"kind", "evaluate"},
          {"environment", std::string(info.name)},
          {"episodes", evaluation.returns.size()},
          {"seed", options.seed},
          {"action", options.action == EvaluationAction::kMean ? "mean" : "sampled"},
          {"mean", evaluation.mean()},
          {"standard_error", evaluation.standard_error()},
          {"returns", evaluation.returns},
          {"provenance", build_json()}};
}

}  // namespace

int run_evaluate(const EvaluateOptions& options) {
  if (options.episodes < 1) throw UsageError("--episodes must be at least 1: give a positive number");
  const Policy policy = load_policy(options.policy);
  const EnvironmentEntry& environment = environment_for(policy, options.environment);
  if (policy.action_values && options.action == EvaluationAction::kSampled) {
    throw UsageError(
        "--sampled: the policy's action values are no distribution to sample from; leave it away, and the greatest is "
        "taken");
  }
  const NetworkLayout layout(policy.network);
  if (!options.record.empty()) check_writable(options.record);
  const Evaluation evaluation{environment.evaluate(layout, policy.parameters.data(), options.episodes, options.seed,
                                                   options.action, stop_requested())};
  if (evaluation.returns.empty()) return kExitInterrupted;
  fmt::print("{}: mean return {:.2f} over {} episodes, standard error {:.2f}\n", environment.info().name,
             evaluation.mean(), evaluation.returns.size(), evaluation.standard_error());
  if (!options.record.empty()) {
    write_file_atomically(options.record, evaluation_json(options, environment.info(), evaluation).dump(1) + "\n");
  }
  return 0;
}

}  // namespace prl

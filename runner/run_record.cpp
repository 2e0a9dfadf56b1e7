#include "runner/run_record.hpp"

#include <fmt/format.h>

#include "algorithms/network_setting.hpp"
#include "build_info.hpp"
#include "device/cuda_device.hpp"

namespace prl {
namespace {

// Floats as they print, not as the doubles they widen to: 0.0003, not 0.0003000000142.
double plain(float value) { return std::stod(fmt::format("{}", value)); }

Json value_json(const SettingField& field) {
  if (auto* const* number = std::get_if<float*>(&field.value)) return plain(**number);
  if (auto* const* count = std::get_if<int*>(&field.value)) return **count;
  if (auto* const* truth = std::get_if<bool*>(&field.value)) return **truth;
  if (auto* const* widths = std::get_if<std::vector<int>*>(&field.value)) return **widths;
  const auto& choice = std::get<ChoiceField>(field.value);
  return std::string(choice.names[choice.index()]);
}

Json communication_json(const CommunicationLedger& ledger) {
  Json json;
  for (int p = 0; p < kPurposeCount; ++p) {
    const auto purpose = static_cast<Purpose>(p);
    const CommunicationCount& count = ledger.of(purpose);
    json[std::string(name_of(purpose))] = {{"bytes", count.bytes},
                                           {"messages", count.messages},
                                           {"transfer_seconds", count.transfer_seconds},
                                           {"waiting_seconds", count.waiting_seconds}};
  }
  return json;
}

Json staleness_json(const TrainingResult& result) {
  Json json = Json::array();
  for (const auto& [lag, segments] : result.lags) json.push_back({{"lag", lag}, {"segments", segments}});
  return json;
}

Json divisions_json(const TrainingResult& result) {
  Json json = Json::array();
  for (const Division& division : result.divisions) {
    json.push_back({{"round", division.round}, {"environments", division.environments}});
  }
  return json;
}

Json replay_json(const ReplayCounts& counts, double seconds) {
  const auto added = static_cast<double>(counts.added);
  const auto sampled = static_cast<double>(counts.sampled);
  Json json = {{"added", counts.added},
               {"sampled", counts.sampled},
               {"size", counts.size},
               {"added_per_second", seconds > 0.0 ? added / seconds : 0.0},
               {"sampled_per_second", seconds > 0.0 ? sampled / seconds : 0.0}};
  json["samples_per_insert"] = counts.added > 0 ? Json(sampled / added) : Json(nullptr);
  return json;
}

Json faults_json(const FaultCounts& faults) {
  return {{"ended", faults.ended},
          {"replaced", faults.replaced},
          {"segments_begun", faults.segments_begun},
          {"segments_lost", faults.segments_lost},
          {"merges_lost", faults.merges_lost}};
}

Json first_episode_json(double solved_return, const std::optional<FirstEpisodeAbove>& first) {
  return {{"return", solved_return},
          {"steps", first ? Json(first->steps) : Json(nullptr)},
          {"seconds", first ? Json(first->seconds) : Json(nullptr)}};
}

Json seconds_json(const TrainingResult& result) {
  const RoundSeconds sum = result.sum();
  Json json = {{"total", result.total_seconds},
               {"collect", sum.collect},
               {"learn", sum.learn},
               {"overlap", sum.overlap},
               {"evaluate", result.evaluate_seconds},
               {"start_up", result.start_up_seconds}};
  json["rounds"] = Json::array();
  for (const RoundSeconds& round : result.rounds) {
    json["rounds"].push_back(
        {{"total", round.total()}, {"collect", round.collect}, {"learn", round.learn}, {"overlap", round.overlap}});
  }
  json["workers"] = Json::array();
  for (const double seconds : result.worker_collect_seconds) json["workers"].push_back({{"collect", seconds}});
  return json;
}

Json curve_json(const std::vector<CurvePoint>& curve) {
  Json json = Json::array();
  for (const CurvePoint& point : curve) {
    Json entry = {{"steps", point.steps}, {"seconds", point.seconds}};
    if (point.training_episodes > 0) {
      entry["training_return"] = point.training_return_sum / static_cast<double>(point.training_episodes);
    } else {
      entry["training_return"] = nullptr;
    }
    entry["training_episodes"] = point.training_episodes;
    entry["busiest_worker_steps"] = point.busiest_worker_steps;
    if (point.evaluation) {
      entry["evaluation_return"] = point.evaluation->mean();
      entry["evaluation_standard_error"] = point.evaluation->standard_error();
    }
    if (point.members) {
      entry["disagreement"] = point.members->disagreement;
      entry["weights_bytes_of_all_workers"] = point.members->bytes;
    }
    json.push_back(std::move(entry));
  }
  return json;
}

std::string name_of_action(EvaluationAction action) { return action == EvaluationAction::kMean ? "mean" : "sampled"; }

}  // namespace

Json build_json() {
  return {{"commit", PRL_BUILD_COMMIT},
          {"source_digest", PRL_BUILD_SOURCE_DIGEST},
          {"compiler", PRL_BUILD_COMPILER},
          {"flags", PRL_BUILD_FLAGS},
          {"build_type", PRL_BUILD_TYPE},
          {"instruction_set", describe_machine().instruction_set},
          {"libraries",
           {{"libtorch", PRL_BUILD_TORCH_VERSION},
            {"onetbb", PRL_BUILD_TBB_VERSION},
            {"mpi", PRL_BUILD_MPI_VERSION},
            {"cuda", std::string(cuda_toolkit_version())}}}};
}

Json machine_json(const Machine& machine) {
  Json caches;
  for (const CacheSize& cache : machine.caches) caches[cache.name + "_bytes"] = cache.bytes;
  return {{"cpu", machine.cpu},
          {"usable_cores", machine.usable_cores},
          {"caches", caches},
          {"memory_bytes", machine.memory_bytes},
          {"kernel", machine.kernel}};
}

Json settings_json(RuleSetting rule, NetworkSpec network) {
  Json json;
  for (const auto& fields : {fields_of(rule), fields_of(network)}) {
    for (const SettingField& field : fields) json[std::string(field.name)] = value_json(field);
  }
  return json;
}

Json configuration_json(const RunConfiguration& c) {
  return {{"algorithm", std::string(c.algorithm())},
          {"environment", c.environment},
          {"preset", c.preset},
          {"collect", name_of(c.collect)},
          {"workers", c.workers},
          {"inference", name_of(c.inference)},
          {"agreement", name_of(c.agreement)},
          {"all_reduce", name_of(c.all_reduce)},
          {"agree_every", c.agree_every},
          {"server_shards", c.server_shards},
          {"server_takes", name_of(c.server_takes)},
          {"merge_rate", c.merge_rate_or_mean()},
          {"refresh_after_merge", c.refresh_after_merge},
          {"codec", to_string(c.codec)},
          {"graph", name_of(c.graph)},
          {"schedule", name_of(c.schedule)},
          {"spawn_actors", c.spawn.actors},
          {"queue_depth", c.queue_depth},
          {"lag", c.lag},
          {"publish_weights", c.publish_weights},
          {"averages", name_of(c.averages)},
          {"threads_per_worker", c.threads_per_worker},
          {"learner_threads", c.learner_threads},
          {"shards", c.shards},
          {"environments", c.environments},
          {"steps", c.steps()},
          {"steps_per_round", c.steps_per_round},
          {"warmup_rounds", c.warmup_rounds},
          {"seed", c.seed},
          {"initial_policy", c.initial_policy},
          {"step_cost", to_string(c.step_cost)},
          {"reset_cost", to_string(c.reset_cost)},
          {"slow_worker", c.slow_worker < 0 ? Json(nullptr) : Json(c.slow_worker)},
          {"slow_factor", c.slow_factor},
          {"grain", c.grain},
          {"balance", name_of(c.balance)},
          {"cut_stragglers", c.cut_stragglers ? Json(*c.cut_stragglers) : Json(nullptr)},
          {"cost_rounds", c.cost_rounds},
          {"solved_return", c.solved_return ? Json(*c.solved_return) : Json(nullptr)},
          {"hyperparameters", settings_json(c.rule, c.network)},
          {"evaluation",
           {{"every_rounds", c.evaluation.every_rounds},
            {"episodes", c.evaluation.episodes},
            {"final_episodes", c.evaluation.final_episodes},
            {"action", name_of_action(c.evaluation.action)}}}};
}

Json warnings_json(bool oversubscribed, int workers, const Machine& machine) {
  Json json = Json::array();
  if (oversubscribed) {
    json.push_back(fmt::format("{} workers on {} usable cores: no verdict on scaling", workers, machine.usable_cores));
  }
  return json;
}

Json record_json(const std::string& command, const RunConfiguration& c, const Machine& machine,
                 const TrainingResult& result) {
  Json json = {{"schema_version", kSchemaVersion}, {"kind", "train"}, {"command", command}};
  json["configuration"] = configuration_json(c);
  json["provenance"] = build_json();
  json["machine"] = machine_json(machine);
  json["counts"] = {{"rounds", result.rounds.size()},
                    {"environment_steps", result.environment_steps},
                    {"updates", result.updates},
                    {"episodes", result.episodes},
                    {"parameters", result.parameter_count}};
  json["steps_per_second"] = result.steps_per_second();
  json["seconds"] = seconds_json(result);
  json["communication"] = communication_json(result.communication);
  json["staleness"] = staleness_json(result);
  if (!result.divisions.empty()) json["divisions"] = divisions_json(result);
  if (c.solved_return) json["first_episode_above"] = first_episode_json(*c.solved_return, result.first_episode_above);
  if (result.replay) json["replay"] = replay_json(*result.replay, result.sum().total());
  if (result.faults) json["faults"] = faults_json(*result.faults);
  json["curve"] = curve_json(result.curve);
  if (result.final_evaluation) {
    json["final_evaluation"] = {{"episodes", result.final_evaluation->returns.size()},
                                {"action", name_of_action(c.evaluation.action)},
                                {"mean", result.final_evaluation->mean()},
                                {"standard_error", result.final_evaluation->standard_error()},
                                {"returns", result.final_evaluation->returns}};
  }
  json["parameters_digest"] = result.parameters_digest;
  json["oversubscribed"] = c.oversubscribed(machine.usable_cores);
  json["interrupted"] = result.interrupted;
  json["warnings"] = warnings_json(c.oversubscribed(machine.usable_cores), c.workers, machine);
  return json;
}

}  // namespace prl

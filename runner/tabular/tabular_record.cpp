#include "runner/tabular/tabular_record.hpp"

namespace prl {
namespace {

std::string name_of(RobbinsMonro verdict) {
  if (verdict == RobbinsMonro::kHolds) return "hold";
  return verdict == RobbinsMonro::kFiniteSum ? "finite sum" : "infinite sum of squares";
}

Json configuration_json(const TabularConfiguration& c) {
  const TabularAgentSetting& setting = c.setting;
  return {{"algorithm", name_of(setting.rule)},
          {"environment", c.environment},
          {"collect", name_of(c.collect)},
          {"workers", c.workers},
          {"experience", name_of(c.experience)},
          {"agreement", name_of(c.agreement)},
          {"schedule", name_of(c.schedule)},
          {"local_updates", c.local_updates},
          {"merge_rate", c.merge_rate},
          {"refresh_after_merge", c.refresh_after_merge},
          {"agents", c.agents},
          {"steps", c.steps},
          {"batch", c.batch},
          {"pool", c.pool},
          {"seed", setting.seed},
          {"step_cost", to_string(c.step_cost)},
          {"hyperparameters",
           {{"gamma", setting.gamma},
            {"step_size", setting.step_size.text()},
            {"robbins_monro", name_of(setting.step_size.robbins_monro())},
            {"epsilon", to_string(setting.epsilon)},
            {"subsets", setting.subsets},
            {"replay", setting.replay_capacity},
            {"replay_batch", setting.replay_batch},
            {"episode_limit", setting.walk.episode_limit},
            {"exploring_starts", setting.walk.exploring_starts}}},
          {"evaluation", {{"look_every", c.look_every}, {"stop_at_error", c.stop_at_error}}}};
}

Json goal_json(const TabularGoal& goal) {
  return {{"residual", goal.optimum.residual},
          {"error_bound", goal.optimum.error_bound},
          {"sweeps", goal.optimum.sweeps},
          {"largest_value", goal.largest_value},
          {"own_bias", goal.own_bias}};
}

Json lag_json(const MergeLags& lags) {
  Json bins = Json::array();
  for (std::size_t bin = 0; bin < MergeLags::kBins; ++bin) {
    if (lags.merges[bin] > 0) bins.push_back({{"least", MergeLags::least_of_bin(bin)}, {"merges", lags.merges[bin]}});
  }
  const double mean = lags.count > 0 ? lags.sum / static_cast<double>(lags.count) : 0.0;
  return {{"mean", mean}, {"largest", lags.largest}, {"bins", bins}};
}

}  // namespace

Json tabular_record_json(const std::string& command, const TabularConfiguration& c, const Machine& machine,
                         const TabularResult& result) {
  Json json = {{"schema_version", kSchemaVersion}, {"kind", "train"}, {"command", command}};
  json["configuration"] = configuration_json(c);
  json["provenance"] = build_json();
  json["machine"] = machine_json(machine);
  json["counts"] = {{"environment_steps", result.steps},       {"updates", result.updates},
                    {"received_transitions", result.received}, {"merges", result.merges},
                    {"server_bytes", result.server_bytes},     {"pairs", result.goal.pair_count}};
  json["steps_per_second"] = result.seconds > 0.0 ? static_cast<double>(result.steps) / result.seconds : 0.0;
  json["updates_per_second"] = result.updates_per_second();
  json["seconds"] = {{"total", result.total_seconds},
                     {"learn", result.seconds},
                     {"look", result.look_seconds},
                     {"start_up", result.start_up_seconds}};
  json["optimum"] = goal_json(result.goal);
  json["lag"] = lag_json(result.lags);
  json["curve"] = Json::array();
  for (const TabularPoint& point : result.curve) {
    json["curve"].push_back({{"steps", point.steps}, {"seconds", point.seconds}, {"error", point.error}});
  }
  json["error"] = result.error;
  json["own_error"] = result.own_error;
  json["reached"] = result.reached;
  json["values_digest"] = result.values_digest;
  json["oversubscribed"] = c.oversubscribed(machine.usable_cores);
  json["interrupted"] = result.interrupted;
  json["warnings"] = warnings_json(c.oversubscribed(machine.usable_cores), c.workers, machine);
  return json;
}

}  // namespace prl

#include "runner/measured_progress.hpp"

#include <optional>

namespace prl {
namespace {

Json evaluation_json(const std::optional<Evaluation>& evaluation) {
  return evaluation ? Json(evaluation->returns) : Json(nullptr);
}

Json point_json(const CurvePoint& point) {
  return {point.steps,
          point.seconds,
          point.training_episodes,
          point.training_return_sum,
          point.busiest_worker_steps,
          evaluation_json(point.evaluation),
          point.members ? Json{point.members->disagreement, point.members->bytes} : Json(nullptr)};
}

CurvePoint point_from(const Json& json) {
  CurvePoint point;
  point.steps = json.at(0).get<long>();
  point.seconds = json.at(1).get<double>();
  point.training_episodes = json.at(2).get<long>();
  point.training_return_sum = json.at(3).get<double>();
  point.busiest_worker_steps = json.at(4).get<long>();
  if (!json.at(5).is_null()) point.evaluation = Evaluation{json.at(5).get<std::vector<double>>()};
  if (const Json& members = json.at(6); !members.is_null()) {
    point.members = MemberAverage{members.at(0).get<double>(), members.at(1).get<std::uint64_t>()};
  }
  return point;
}

Json ledger_json(const CommunicationLedger& ledger) {
  Json json = Json::array();
  for (int p = 0; p < kPurposeCount; ++p) {
    const CommunicationCount& count = ledger.of(static_cast<Purpose>(p));
    json.push_back({count.bytes, count.messages, count.transfer_seconds, count.waiting_seconds});
  }
  return json;
}

CommunicationLedger ledger_from(const Json& json) {
  CommunicationLedger ledger;
  for (int p = 0; p < kPurposeCount; ++p) {
    const Json& count = json.at(static_cast<std::size_t>(p));
    ledger.add(static_cast<Purpose>(p), {count.at(0).get<std::uint64_t>(), count.at(1).get<std::uint64_t>(),
                                         count.at(2).get<double>(), count.at(3).get<double>()});
  }
  return ledger;
}

}  // namespace

Json progress_json(const TrainingResult& result) {
  Json json = {{"rounds", Json::array()},
               {"curve", Json::array()},
               {"lags", Json::array()},
               {"worker_collect_seconds", result.worker_collect_seconds},
               {"communication", ledger_json(result.communication)},
               {"evaluate_seconds", result.evaluate_seconds},
               {"total_seconds", result.total_seconds},
               {"warmup_steps", result.warmup_steps},
               {"environment_steps", result.environment_steps},
               {"updates", result.updates},
               {"episodes", result.episodes},
               {"replay", nullptr},
               {"first_episode_above", nullptr}};
  for (const RoundSeconds& round : result.rounds) json["rounds"].push_back({round.collect, round.learn, round.overlap});
  for (const CurvePoint& point : result.curve) json["curve"].push_back(point_json(point));
  json["divisions"] = Json::array();
  for (const Division& division : result.divisions)
    json["divisions"].push_back({division.round, division.environments});
  for (const auto& [lag, segments] : result.lags) json["lags"].push_back({lag, segments});
  if (const auto& replay = result.replay) json["replay"] = {replay->added, replay->sampled, replay->size};
  if (const auto& first = result.first_episode_above) json["first_episode_above"] = {first->steps, first->seconds};
  return json;
}

TrainingResult progress_from(const Json& json) {
  TrainingResult result;
  for (const Json& round : json.at("rounds")) {
    result.rounds.push_back({round.at(0).get<double>(), round.at(1).get<double>(), round.at(2).get<double>()});
  }
  for (const Json& point : json.at("curve")) result.curve.push_back(point_from(point));
  for (const Json& lag : json.at("lags")) result.lags[lag.at(0).get<long>()] = lag.at(1).get<long>();
  for (const Json& division : json.at("divisions")) {
    result.divisions.push_back({division.at(0).get<long>(), division.at(1).get<std::vector<int>>()});
  }
  result.worker_collect_seconds = json.at("worker_collect_seconds").get<std::vector<double>>();
  result.communication = ledger_from(json.at("communication"));
  result.evaluate_seconds = json.at("evaluate_seconds").get<double>();
  result.total_seconds = json.at("total_seconds").get<double>();
  result.warmup_steps = json.at("warmup_steps").get<long>();
  result.environment_steps = json.at("environment_steps").get<long>();
  result.updates = json.at("updates").get<long>();
  result.episodes = json.at("episodes").get<long>();
  if (const Json& replay = json.at("replay"); !replay.is_null()) {
    result.replay = {replay.at(0).get<long>(), replay.at(1).get<long>(), replay.at(2).get<long>()};
  }
  if (const Json& first = json.at("first_episode_above"); !first.is_null()) {
    result.first_episode_above = {first.at(0).get<long>(), first.at(1).get<double>()};
  }
  return result;
}

}  // namespace prl

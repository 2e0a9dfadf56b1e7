#include "runner/tune/study_record.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace prl {
namespace {

Json optional_json(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json space_json(const SettingSpace& space) {
  Json json = Json::array();
  for (const Dimension& dimension : space) {
    Json entry = {{"option", dimension.option}, {"kind", name_of(dimension.law)}};
    if (dimension.law == SpaceLaw::kChoice) {
      entry["values"] = dimension.values;
    } else {
      entry["low"] = dimension.low;
      entry["high"] = dimension.high;
    }
    json.push_back(std::move(entry));
  }
  return json;
}

Json result_json(const Study& study, const TrialResult& result) {
  return {{"trial", result.trial.number},
          {"stage", result.trial.stage},
          {"rounds", result.trial.rounds},
          {"start", name_of(result.start)},
          {"after", result.trial.after ? Json(*result.trial.after) : Json(nullptr)},
          {"parent", parent_json(result.trial)},
          {"parameters", setting_json(study.plan.space, result.trial.setting)},
          {"objective", optional_json(result.objective)},
          {"error", result.error},
          {"steps", result.steps},
          {"steps_before", result.steps_before}};
}

// The first result, in the order in which they ended, that reached the target, and what the study had cost by then.
Json target_json(const Study& study, std::vector<TrialResult> results) {
  std::sort(results.begin(), results.end(),
            [](const TrialResult& a, const TrialResult& b) { return a.ended_seconds < b.ended_seconds; });
  long steps = 0;
  for (const TrialResult& result : results) {
    steps += result.steps;
    if (!result.objective || *result.objective < *study.target) continue;
    return {{"objective", *study.target},
            {"trial", result.trial.number},
            {"stage", result.trial.stage},
            {"steps", steps},
            {"seconds", result.ended_seconds}};
  }
  return {
      {"objective", *study.target}, {"trial", nullptr}, {"stage", nullptr}, {"steps", nullptr}, {"seconds", nullptr}};
}

long count_failed(const std::vector<TrialResult>& results) {
  return std::count_if(results.begin(), results.end(), [](const TrialResult& r) { return !r.objective; });
}

long sum_of_steps(const std::vector<TrialResult>& results) {
  long steps = 0;
  for (const TrialResult& result : results) steps += result.steps;
  return steps;
}

}  // namespace

Json plan_json(const Study& study) {
  return {{"search", name_of(study.plan.kind)}, {"trials", study.plan.trials}, {"study", study.text}};
}

const TrialResult* best_of(const std::vector<TrialResult>& results) {
  const TrialResult* best = nullptr;
  for (const TrialResult& result : results) {
    if (result.objective && (best == nullptr || *result.objective > *best->objective)) best = &result;
  }
  return best;
}

long repeated_steps(const Study& study, const std::vector<TrialResult>& results) {
  if (study.plan.kind != SearchKind::kHalving) return 0;
  long steps = 0;
  for (const TrialResult& result : results) {
    const bool again = std::any_of(results.begin(), results.end(), [&result](const TrialResult& other) {
      return other.trial.number == result.trial.number && other.trial.after == result.trial.stage &&
             other.start == TrialStart::kAnew;
    });
    if (again) steps += result.steps;
  }
  return steps;
}

long saved_steps(const Study& study, const std::vector<TrialResult>& results) {
  if (study.plan.kind != SearchKind::kHalving) return 0;
  long steps = 0;
  for (const TrialResult& result : results) steps += result.steps_before;
  return steps;
}

Json study_json(const std::string& command, const Study& study, const std::string& place, const StudyOutcome& outcome) {
  const std::vector<TrialResult>& results = outcome.results;
  const SearchPlan& plan = study.plan;
  const Machine machine = describe_machine();
  const TrialResult* best = best_of(results);
  Json json = {{"schema_version", kSchemaVersion}, {"kind", "tune"}, {"command", command}};
  json["configuration"] = {{"search", name_of(plan.kind)},
                           {"place", place},
                           {"workers", outcome.worker_seconds.size()},
                           {"trials", plan.trials},
                           {"rounds", plan.rounds},
                           {"first_rounds", plan.first_rounds},
                           {"reduction", plan.reduction},
                           {"truncation", plan.truncation},
                           {"synchronous", plan.synchronous},
                           {"seed", plan.seed},
                           {"objective", name_of(study.objective)},
                           {"target", optional_json(study.target)},
                           {"train", study.train},
                           {"space", space_json(plan.space)}};
  json["provenance"] = build_json();
  json["machine"] = machine_json(machine);
  json["counts"] = {{"runs", results.size()},
                    {"failed", count_failed(results)},
                    {"environment_steps", sum_of_steps(results)},
                    {"repeated_steps", repeated_steps(study, results)},
                    {"saved_steps", saved_steps(study, results)}};
  json["seconds"] = {{"total", outcome.seconds}, {"workers", outcome.worker_seconds}};
  json["steps_per_second"] = outcome.seconds > 0.0 ? static_cast<double>(sum_of_steps(results)) / outcome.seconds : 0.0;
  json["best"] = best != nullptr ? result_json(study, *best) : Json(nullptr);
  json["reached"] = study.target ? target_json(study, results) : Json(nullptr);
  json["results"] = Json::array();
  for (const TrialResult& result : results) json["results"].push_back(result_json(study, result));
  json["interrupted"] = outcome.interrupted;
  return json;
}

std::string study_table(const Study& study, const std::vector<TrialResult>& results) {
  std::vector<const TrialResult*> ranked;
  for (const TrialResult& result : results) ranked.push_back(&result);
  std::stable_sort(ranked.begin(), ranked.end(), [](const TrialResult* a, const TrialResult* b) {
    if (!a->objective || !b->objective) return a->objective.has_value() && !b->objective;
    return *a->objective > *b->objective;
  });
  std::string text = "trial stage   rounds   objective  setting\n";
  for (const TrialResult* result : ranked) {
    const Trial& trial = result->trial;
    const std::string objective = result->objective ? fmt::format("{:.2f}", *result->objective) : "failed";
    text += fmt::format("{:5} {:5} {:8} {:>11}  {}{}\n", trial.number, trial.stage, trial.rounds, objective,
                        fmt::join(setting_words(study.plan.space, trial.setting), " "),
                        result->objective ? "" : "  " + result->error);
  }
  return text;
}

}  // namespace prl

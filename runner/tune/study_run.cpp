#include "runner/tune/study_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <tuple>

#include "parallel/transport/communication.hpp"
#include "runner/tune/trial_words.hpp"

namespace prl {
namespace {

// How long a study may take to look at `stop`.
constexpr double kLookSeconds = 0.25;

// The best or the last of a run's evaluations after `rounds` rounds; the final one is the last of them. None if there is
// none.
std::optional<double> objective_of(const Json& record, Objective objective, long rounds) {
  std::optional<double> value;
  const auto take = [&](double mean) {
    value = objective == Objective::kBest && value ? std::max(*value, mean) : mean;
  };
  for (const Json& point : record.at("curve")) {
    if (rounds-- <= 0 && point.contains("evaluation_return")) take(point.at("evaluation_return").get<double>());
  }
  if (record.contains("final_evaluation")) take(record.at("final_evaluation").at("mean").get<double>());
  return value;
}

Json read_record(const std::filesystem::path& path) {
  std::ifstream file(path);
  return Json::parse(file);
}

long steps_of(const Json& record) { return record.at("counts").at("environment_steps").get<long>(); }

// Completes the result of a trial whose process has ended well, or says why it is a failure all the same.
void take_record(const Study& study, const StudyFolder& folder, TrialResult& result) {
  const Trial& trial = result.trial;
  const std::filesystem::path path = folder.record_of(trial);
  const bool goes_on = result.start == TrialStart::kCheckpoint && trial.after;
  try {
    const Json record = read_record(path);
    if (goes_on) result.steps_before = steps_of(read_record(folder.record_of({trial.number, *trial.after})));
    result.steps = steps_of(record) - result.steps_before;
    // A member of a population is judged by what it has become; what it was before may be another's.
    const bool by_stage = goes_on && study.plan.kind == SearchKind::kPopulation;
    result.objective = objective_of(record, study.objective, by_stage ? rounds_before(study.plan, trial) : 0);
    if (!result.objective || !std::isfinite(*result.objective)) result.error = "its record has no evaluation";
  } catch (const Json::exception&) {
    result.error = fmt::format("its record {} cannot be read", path.filename().string());
  }
  if (!result.error.empty()) result.objective.reset();
}

}  // namespace

StudyOutcome run_study(const Study& study, const StudyFolder& folder, TrialPlace& place, const std::atomic<bool>& stop,
                       const StudyListener& listener) {
  const double begin = monotonic_seconds();
  const auto elapsed_seconds = [begin] { return monotonic_seconds() - begin; };
  StudyOutcome outcome;
  outcome.worker_seconds.resize(static_cast<std::size_t>(place.workers()));
  const std::unique_ptr<Search> search = make_search(study.plan);
  std::map<std::pair<int, int>, TrialResult> results;  // by stage and trial
  const auto take = [&results](const TrialResult& r) { results[{r.trial.stage, r.trial.number}] = r; };
  for (const TrialResult& result : folder.results()) {
    search->restore(result.trial, result.objective);
    take(result);
  }
  std::map<int, TrialResult> running;  // by worker
  while (!stop.load()) {
    for (std::optional<int> worker; (worker = place.free_worker()).has_value();) {
      const std::optional<Trial> trial = search->next();
      if (!trial) break;
      const TrialWords words = trial_words(study, folder, *trial);
      TrialResult& result = running[*worker];
      result.trial = *trial;
      result.start = words.start;
      result.started_seconds = elapsed_seconds();
      result.worker = *worker;
      place.start(*worker, {words.words, folder.log_of(*trial)});
    }
    if (running.empty()) break;
    for (const TrialEnd& end : place.await(kLookSeconds)) {
      // What ends after a Ctrl-C has been told to, and is run again.
      if (stop.load()) break;
      TrialResult result = running.at(end.worker);
      running.erase(end.worker);
      result.error = end.error;
      result.ended_seconds = elapsed_seconds();
      if (end.error.empty()) take_record(study, folder, result);
      outcome.worker_seconds[static_cast<std::size_t>(end.worker)] += result.ended_seconds - result.started_seconds;
      folder.save(result, study.plan.space);
      search->report(result.trial, result.objective);
      take(result);
      listener(result, results.size(), running.size());
    }
  }
  outcome.interrupted = stop.load();
  if (outcome.interrupted) place.stop();
  outcome.seconds = elapsed_seconds();
  for (const auto& [key, result] : results) outcome.results.push_back(result);
  const bool all_well = std::all_of(outcome.results.begin(), outcome.results.end(),
                                    [](const TrialResult& result) { return result.objective.has_value(); });
  if (!outcome.interrupted && all_well) folder.remove_checkpoints();
  return outcome;
}

}  // namespace prl

#include "runner/tune/study_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <tuple>

#include "parallel/transport/communication.hpp"

namespace prl {
namespace {

// How long a study may take to look at `stop`.
constexpr double kLookSeconds = 0.25;

// The best or the last of a run's evaluations; the final one is the last of them. None if there is none.
std::optional<double> objective_of(const Json& record, Objective objective) {
  std::optional<double> value;
  const auto take = [&](double mean) {
    value = objective == Objective::kBest && value ? std::max(*value, mean) : mean;
  };
  for (const Json& point : record.at("curve")) {
    if (point.contains("evaluation_return")) take(point.at("evaluation_return").get<double>());
  }
  if (record.contains("final_evaluation")) take(record.at("final_evaluation").at("mean").get<double>());
  return value;
}

// Completes the result of a trial whose process has ended well, or says why it is a failure all the same.
void take_record(const std::filesystem::path& path, Objective objective, TrialResult& result) {
  try {
    std::ifstream file(path);
    const Json record = Json::parse(file);
    result.steps = record.at("counts").at("environment_steps").get<long>();
    result.objective = objective_of(record, objective);
    if (!result.objective || !std::isfinite(*result.objective)) result.error = "its record has no evaluation";
  } catch (const Json::exception&) {
    result.error = fmt::format("its record {} cannot be read", path.filename().string());
  }
  if (!result.error.empty()) result.objective.reset();
}

// Seeds of the runs: a stage that goes on from parameters must not meet the random numbers of the one before again.
std::string seed_word(const Study& study, const Trial& trial) {
  std::uint64_t seed = 1;
  for (const std::string& word : setting_words(study.plan.space, trial.setting)) {
    if (word.rfind("--seed=", 0) == 0) seed = std::stoull(word.substr(7));
  }
  for (const std::string& word : study.train) {
    if (word.rfind("--seed=", 0) == 0) seed = std::stoull(word.substr(7));
  }
  return fmt::format("--seed={}", seed + static_cast<std::uint64_t>(trial.stage));
}

}  // namespace

std::vector<std::string> train_words(const Study& study, const StudyFolder& folder, const Trial& trial) {
  std::vector<std::string> words = {"train"};
  words.insert(words.end(), study.train.begin(), study.train.end());
  for (const std::string& word : setting_words(study.plan.space, trial.setting)) words.push_back(word);
  words.push_back(fmt::format("--rounds={}", trial.rounds));
  words.emplace_back("--progress=none");
  words.push_back("--record=" + folder.record_of(trial).string());
  words.push_back("--save-policy=" + folder.policy_of(trial).string());
  if (trial.parent) {
    const Trial before{*trial.parent, trial.stage - 1};
    words.push_back("--initial-policy=" + folder.policy_of(before).string());
    words.push_back(seed_word(study, trial));
  }
  return words;
}

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
      running[*worker] = {*trial, std::nullopt, "", 0, elapsed_seconds(), 0.0, *worker};
      place.start(*worker, {train_words(study, folder, *trial), folder.log_of(*trial)});
    }
    if (running.empty()) break;
    for (const TrialEnd& end : place.await(kLookSeconds)) {
      // What ends after a Ctrl-C has been told to, and is run again.
      if (stop.load()) break;
      TrialResult result = running.at(end.worker);
      running.erase(end.worker);
      result.error = end.error;
      result.ended_seconds = elapsed_seconds();
      if (end.error.empty()) take_record(folder.record_of(result.trial), study.objective, result);
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
  return outcome;
}

}  // namespace prl

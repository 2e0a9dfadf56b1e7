#include "runner/tune/study_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>
#include <tuple>

#include "runner/atomic_file.hpp"
#include "runner/run_configuration.hpp"

namespace prl {
namespace {

namespace fs = std::filesystem;

Json read_json(const fs::path& path) {
  std::ifstream file(path);
  try {
    return Json::parse(file);
  } catch (const Json::exception&) {
    throw UsageError(fmt::format("{} is no file of a study: remove it, or give another --output", path.string()));
  }
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw std::runtime_error(fmt::format("cannot make the folder {}: {}; give a path with room and permission",
                                         folder.string(), error.message()));
  }
}

void check_same_plan(const fs::path& folder, const Json& there, const Json& plan) {
  for (const auto& [key, value] : plan.items()) {
    if (there.contains(key) && there.at(key) == value) continue;
    throw UsageError(
        fmt::format("--resume: {} has a study with another {}; give what it was begun with, or another "
                    "--output",
                    folder.string(), key));
  }
}

// A text as JSON: a number where it is one.
Json value_json(const std::string& text) {
  const Json value = Json::parse(text, nullptr, false);
  return value.is_number() || value.is_boolean() ? value : Json(text);
}

std::string option_as_name(const std::string& option) {
  std::string name = option.substr(2);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

TrialStart start_from(const std::string& name) {
  if (name == name_of(TrialStart::kCheckpoint)) return TrialStart::kCheckpoint;
  return name == name_of(TrialStart::kPolicy) ? TrialStart::kPolicy : TrialStart::kAnew;
}

TrialResult result_from(const Json& json) {
  TrialResult result;
  result.trial.number = json.at("trial").get<int>();
  result.trial.stage = json.at("stage").get<int>();
  result.trial.rounds = json.at("rounds").get<long>();
  result.trial.setting = json.at("setting").get<TrialSetting>();
  if (!json.at("after").is_null()) result.trial.after = json.at("after").get<int>();
  if (!json.at("parent").is_null()) {
    result.trial.parent = {json.at("parent").at("trial").get<int>(), json.at("parent").at("stage").get<int>()};
  }
  result.start = start_from(json.at("start").get<std::string>());
  if (!json.at("objective").is_null()) result.objective = json.at("objective").get<double>();
  result.error = json.at("error").get<std::string>();
  result.steps = json.at("steps").get<long>();
  result.steps_before = json.at("steps_before").get<long>();
  result.started_seconds = json.at("seconds").at("started").get<double>();
  result.ended_seconds = json.at("seconds").at("ended").get<double>();
  result.worker = json.at("worker").get<int>();
  return result;
}

}  // namespace

StudyFolder::StudyFolder(const fs::path& folder, const Json& plan, bool resume) : folder_(folder) {
  const fs::path plan_file = folder / "plan.json";
  const bool there = fs::exists(plan_file);
  if (there && !resume) {
    throw UsageError(
        fmt::format("{} has a study: give --resume to go on with it, or another --output", folder.string()));
  }
  if (!there && resume) {
    throw UsageError(
        fmt::format("--resume: {} has no study to go on with; leave --resume away to begin one", folder.string()));
  }
  make_folder(folder / "trials");
  if (there) {
    check_same_plan(folder, read_json(plan_file), plan);
  } else {
    write_file_atomically(plan_file, plan.dump(1) + "\n");
  }
}

fs::path StudyFolder::file_of(const Trial& trial, const char* end) const {
  return folder_ / "trials" / fmt::format("{:04}-{}{}", trial.number, trial.stage, end);
}

std::vector<TrialResult> StudyFolder::results() const {
  std::vector<TrialResult> results;
  for (const auto& entry : fs::directory_iterator(folder_ / "trials")) {
    const fs::path& path = entry.path();
    if (path.extension() != ".json" || path.stem().has_extension()) continue;
    try {
      results.push_back(result_from(read_json(path)));
    } catch (const Json::exception&) {
      throw UsageError(fmt::format("{} is no result of a trial: remove it, and it is run again", path.string()));
    }
  }
  std::sort(results.begin(), results.end(), [](const TrialResult& a, const TrialResult& b) {
    return std::tie(a.trial.stage, a.trial.number) < std::tie(b.trial.stage, b.trial.number);
  });
  return results;
}

void StudyFolder::save(const TrialResult& result, const SettingSpace& space) const {
  const Trial& trial = result.trial;
  const Json json = {{"schema_version", kSchemaVersion},
                     {"kind", "trial"},
                     {"trial", trial.number},
                     {"stage", trial.stage},
                     {"rounds", trial.rounds},
                     {"start", name_of(result.start)},
                     {"after", trial.after ? Json(*trial.after) : Json(nullptr)},
                     {"parent", parent_json(trial)},
                     {"setting", trial.setting},
                     {"parameters", setting_json(space, trial.setting)},
                     {"objective", result.objective ? Json(*result.objective) : Json(nullptr)},
                     {"error", result.error},
                     {"steps", result.steps},
                     {"steps_before", result.steps_before},
                     {"worker", result.worker},
                     {"seconds", {{"started", result.started_seconds}, {"ended", result.ended_seconds}}}};
  write_file_atomically(file_of(trial, ".json"), json.dump(1) + "\n");
}

void StudyFolder::save_study(const Json& study) const {
  write_file_atomically(folder_ / "study.json", study.dump(1) + "\n");
}

void StudyFolder::remove_checkpoints() const {
  for (const auto& entry : fs::directory_iterator(folder_ / "trials")) {
    std::error_code error;  // what cannot be removed does no harm
    if (entry.path().extension() == ".checkpoint") fs::remove(entry.path(), error);
  }
}

std::string name_of(TrialStart start) {
  if (start == TrialStart::kAnew) return "anew";
  return start == TrialStart::kCheckpoint ? "checkpoint" : "policy";
}

Json parent_json(const Trial& trial) {
  if (!trial.parent) return nullptr;
  return {{"trial", trial.parent->number}, {"stage", trial.parent->stage}};
}

Json setting_json(const SettingSpace& space, const TrialSetting& setting) {
  Json json = Json::object();
  for (std::size_t d = 0; d < space.size(); ++d) json[option_as_name(space[d].option)] = value_json(setting[d]);
  return json;
}

}  // namespace prl

// What a study leaves in its folder, each file written under a temporary name and renamed:
//
//   plan.json              what is searched and how: a study that is resumed must be the same
//   study.json             the record of the study (docs/run-record.md)
//   trials/0003-1.json     what came of trial 3 in stage 1
//   trials/0003-1.record.json, .policy, .log    of its training run
//   trials/0003-1.checkpoint    what the next stage goes on from, until the study has ended
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runner/run_record.hpp"
#include "runner/tune/search.hpp"

namespace prl {

// What a stage of a trial began with: nothing, a checkpoint, or a policy alone.
enum class TrialStart { kAnew, kCheckpoint, kPolicy };

// What came of a trial's run.
struct TrialResult {
  Trial trial;
  TrialStart start = TrialStart::kAnew;
  std::optional<double> objective;  // none: it failed
  std::string error;                // of one that failed, one line
  long steps = 0;                   // environment steps that it took
  long steps_before = 0;            // that it need not take, because it went on from a checkpoint
  double started_seconds = 0.0;     // since the study was begun or resumed
  double ended_seconds = 0.0;
  int worker = 0;
};

class StudyFolder {
 public:
  // Makes the folder, or takes a study in it up again. Throws UsageError if there is one and `resume` is not asked for,
  // if there is none and it is, or if it is another one than `plan` says; std::runtime_error where it cannot be written.
  StudyFolder(const std::filesystem::path& folder, const Json& plan, bool resume);

  // Files of a trial's run.
  std::filesystem::path record_of(const Trial& trial) const { return file_of(trial, ".record.json"); }
  std::filesystem::path policy_of(const Trial& trial) const { return file_of(trial, ".policy"); }
  std::filesystem::path checkpoint_of(const Trial& trial) const { return file_of(trial, ".checkpoint"); }
  std::filesystem::path log_of(const Trial& trial) const { return file_of(trial, ".log"); }

  // Of earlier calls, those of lower stages first. Throws UsageError for a file that is no such result.
  std::vector<TrialResult> results() const;

  void save(const TrialResult& result, const SettingSpace& space) const;
  void save_study(const Json& study) const;
  // Once nothing goes on from them.
  void remove_checkpoints() const;

 private:
  std::filesystem::path file_of(const Trial& trial, const char* end) const;

  std::filesystem::path folder_;
};

std::string name_of(TrialStart start);

// {"trial": 3, "stage": 1} or null.
Json parent_json(const Trial& trial);

// {"learning_rate": 0.001}: numbers as numbers.
Json setting_json(const SettingSpace& space, const TrialSetting& setting);

}  // namespace prl

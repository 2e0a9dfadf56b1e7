// What a study comes to: its record, and the table that is printed.
#pragma once

#include <string>

#include "runner/tune/study_run.hpp"

namespace prl {

// What a study is, apart from who runs it: a study that is resumed must be the same.
Json plan_json(const Study& study);

// docs/run-record.md, 'prl tune'. `place`: where its workers are.
Json study_json(const std::string& command, const Study& study, const std::string& place, const StudyOutcome& outcome);

// A line a trial and stage, the best first, without times: the same for the same results.
std::string study_table(const Study& study, const std::vector<TrialResult>& results);

// The result with the largest objective, of equals the earliest stage and trial; null if all failed.
const TrialResult* best_of(const std::vector<TrialResult>& results);

// Of successive halving, steps of lower rungs that promoted trials took again, because they were trained anew, and those
// that they did not, because they went on from a checkpoint.
long repeated_steps(const Study& study, const std::vector<TrialResult>& results);
long saved_steps(const Study& study, const std::vector<TrialResult>& results);

}  // namespace prl

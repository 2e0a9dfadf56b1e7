// The loop of a study: free workers get what the search wants to run next, and the search hears what came of it.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <vector>

#include "runner/tune/study.hpp"
#include "runner/tune/study_folder.hpp"
#include "runner/tune/trial_place.hpp"

namespace prl {

struct StudyOutcome {
  std::vector<TrialResult> results;    // by stage and trial, earlier calls' included
  std::vector<double> worker_seconds;  // that each worker ran trials, in this call
  double seconds = 0.0;                // of this call
  bool interrupted = false;
};

// Called when a trial has ended; `running`: trials that are run now.
using StudyListener = std::function<void(const TrialResult& ended, std::size_t ended_trials, std::size_t running)>;

// Runs what is missing of the study, until there is nothing more or `stop` is set; what runs then is given up and missing
// again. A trial that fails is reported to the search and the listener, and the study goes on.
StudyOutcome run_study(const Study& study, const StudyFolder& folder, TrialPlace& place, const std::atomic<bool>& stop,
                       const StudyListener& listener);

}  // namespace prl

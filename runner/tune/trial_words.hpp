// What a trial's run is told: its options, and where it begins.
//
// Every stage of a trial is a part of the one run that its setting says, cut after the stage's rounds: it goes on from the
// checkpoint of the stage before and ends in the bits of a run that was never cut. A member of a population that takes over
// from another goes on with its own rounds and episodes, but the other's parameters and optimiser. Where a run cannot be
// kept (runner/run_validation.cpp), a promoted trial is trained anew, and a member starts a run of the stage's rounds with
// the parent's policy and random numbers of its own.
#pragma once

#include <string>
#include <vector>

#include "runner/tune/study.hpp"
#include "runner/tune/study_folder.hpp"

namespace prl {

struct TrialWords {
  TrialStart start = TrialStart::kAnew;
  std::vector<std::string> words;  // after `prl`
};

TrialWords trial_words(const Study& study, const StudyFolder& folder, const Trial& trial);

// Rounds of the trial that were done when the stage began.
long rounds_before(const SearchPlan& plan, const Trial& trial);

}  // namespace prl

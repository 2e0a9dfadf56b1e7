// How a study chooses what to run next. A search knows trials, their settings and what came of them, but neither
// processes nor files; it is asked for work whenever a worker is free.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runner/tune/setting_space.hpp"

namespace prl {

// A stage of a trial: a rung of successive halving, a generation of a member of population based training; a random
// search has stage 0 only.
struct TrialStage {
  int number = 0;
  int stage = 0;
  bool operator==(const TrialStage&) const = default;
};

// A piece of work: a training run of one trial, through one stage.
struct Trial {
  int number = 0;
  int stage = 0;
  long rounds = 0;  // that the trial is to have done at the end, earlier stages included
  TrialSetting setting = {};
  std::optional<int> after = {};          // its own stage that this one goes on from; none: there is none
  std::optional<TrialStage> parent = {};  // whose parameters it starts with, where these are not its own
};

class Search {
 public:
  virtual ~Search() = default;

  // What to run next. None: there is nothing until one that runs has ended, or, when none runs, nothing more.
  virtual std::optional<Trial> next() = 0;

  // What came of one that next() has given: the mean return that is to be as large as can be, or none if it failed.
  virtual void report(const Trial& trial, std::optional<double> objective) = 0;

  // The same for one that was run before the study was interrupted; next() then does not give it again. All of them are
  // restored before the first next(), those of lower stages first.
  virtual void restore(const Trial& trial, std::optional<double> objective) = 0;
};

enum class SearchKind { kRandom, kGrid, kHalving, kPopulation };

std::string name_of(SearchKind kind);

// What a search is told of a study.
struct SearchPlan {
  SearchKind kind = SearchKind::kRandom;
  SettingSpace space;
  std::uint64_t seed = 1;
  int trials = 1;            // of a population: its members
  long rounds = 1;           // of a trial that is run to its end
  long first_rounds = 1;     // of the first rung; of each generation
  int reduction = 3;         // of successive halving: one in so many is promoted
  double truncation = 0.25;  // of a population: the part that counts as the worst, and as the best
  bool synchronous = false;  // of a population: members wait for their generation
};

std::unique_ptr<Search> make_search(const SearchPlan& plan);

}  // namespace prl

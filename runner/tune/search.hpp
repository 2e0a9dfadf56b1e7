// How a study chooses what to run next. A search knows trials, their settings and what came of them, but neither
// processes nor files; it is asked for work whenever a worker is free.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runner/tune/setting_space.hpp"

namespace prl {

// A piece of work: a training run of one trial. Stages are what a search runs a trial in: rungs of successive halving,
// generations of population based training; a random search has stage 0 only.
struct Trial {
  int number = 0;
  int stage = 0;
  long rounds = 0;  // of the run
  TrialSetting setting = {};
  // Member whose policy, after the stage before, this one starts with; none: it starts anew.
  std::optional<int> parent = {};
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
  double truncation = 0.25;  // of a population: the part that is replaced after each generation
};

std::unique_ptr<Search> make_search(const SearchPlan& plan);

}  // namespace prl

// What a study is: a training run's options, a space of settings, a budget and what is to be as large as can be. Read
// from a TOML file:
//
//   [study]
//   rounds = 40              # of a trial that is run to its end
//   objective = "best"       # or "final": the best or the last mean return of a trial's evaluations
//   seed = 1                 # of the settings that are drawn
//   target = 475.0           # optional: the objective that is looked for; the record says when it was first there
//   first_rounds = 5         # asha: of the first rung; pbt: of a stage
//   reduction = 3            # asha: one trial in so many is promoted
//   truncation = 0.25        # pbt: the part of the members that counts as the worst, and as the best
//   synchronous = false      # pbt: whether members wait for their generation
//   [train]
//   env = "CartPole-v1"      # options of every trial, as in a file for prl train --config
//   [space.learning_rate]    # an option that is drawn, and its law (setting_space.hpp)
//   kind = "log-uniform"
//   low = 1e-4
//   high = 1e-2
//   [space.algorithm]
//   kind = "choice"
//   values = ["a2c", "ppo"]
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runner/tune/search.hpp"

namespace prl {

enum class Objective { kBest, kFinal };

struct Study {
  SearchPlan plan;  // `kind` and `trials` are the command line's
  Objective objective = Objective::kBest;
  std::optional<double> target;
  std::vector<std::string> train;  // options of every trial: "--env=CartPole-v1"
  std::string text;                // the file
};

std::string name_of(Objective objective);

// Throws UsageError, one line, for a file that cannot be read, an unknown or missing entry, a value that is out of range,
// an option that no study may set, and, where none of them is drawn, train options that make no run.
Study read_study(const std::filesystem::path& path, SearchKind kind, int trials);

}  // namespace prl

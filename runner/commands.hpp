// The commands of prl. Each parses nothing itself: it gets its options and returns the exit status.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/policy_evaluation.hpp"
#include "runner/train_options.hpp"

namespace prl {

// Followed by a place and the command line of a run: this process acts for that run's learner, which has started it.
inline constexpr const char* kActorCommand = "act";

inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 130;

struct EvaluateOptions {
  std::vector<std::filesystem::path> policies;
  int workers = 1;
  std::string environment;  // empty: the one that the policy was trained on
  int episodes = 100;
  std::uint64_t seed = 1;
  EvaluationAction action = EvaluationAction::kMean;
  std::filesystem::path record;
};

struct ListOptions {
  bool json = false;
};

// `arguments`: the command line after the program's name, for the record and for starting again under mpirun.
int run_train(const TrainOptions& options, const std::vector<std::string>& arguments);
int run_evaluate(const EvaluateOptions& options);
int run_list(const ListOptions& options);

}  // namespace prl

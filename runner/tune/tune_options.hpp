// The options of `prl tune`.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "runner/progress.hpp"
#include "runner/tune/search.hpp"

namespace prl {

// Where the workers that run trials are.
enum class TunePlace { kProcesses, kMpi, kThreads };

struct TuneOptions {
  std::filesystem::path study;
  std::filesystem::path output;
  SearchKind search = SearchKind::kRandom;
  TunePlace place = TunePlace::kProcesses;
  int workers = 1;
  int trials = 8;
  bool resume = false;
  ProgressStyle progress = ProgressStyle::kAuto;
};

void add_tune_options(CLI::App& command, TuneOptions& options);

// `arguments`: the command line after the program's name. Returns the exit status: 0 also where trials failed, unless all
// have.
int run_tune(const TuneOptions& options, const std::vector<std::string>& arguments);

}  // namespace prl

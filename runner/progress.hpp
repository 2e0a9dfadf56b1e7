// What a person sees while a run goes on: one line that is rewritten on a terminal, plain lines elsewhere.
#pragma once

#include <string>

#include "runner/training_run.hpp"

namespace prl {

enum class ProgressStyle { kAuto, kPlain, kNone };

class Progress {
 public:
  // Writes to standard error; kAuto rewrites the line if that is a terminal.
  Progress(ProgressStyle style, long rounds, int warmup_rounds);
  // As finish(): an error that ends the run is reported on a line of its own.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // After a round: rate, return and time left. Plain lines appear at most every few seconds.
  void show(long rounds_done, const TrainingResult& so_far);

  // Leaves the cursor on a fresh line.
  void finish();

 private:
  std::string line(long rounds_done, const TrainingResult& so_far) const;

  bool enabled_;
  bool rewrite_;
  bool open_line_ = false;
  long rounds_;
  int warmup_rounds_;
  double counted_from_seconds_;
  double last_seconds_;
};

}  // namespace prl

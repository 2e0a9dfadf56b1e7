// Where trials run: workers that each run one at a time. A trial is a whole `prl train` with its own record. As a process
// of its own one that fails, is killed or takes too much memory loses only itself; on a thread, one that fails.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace prl {

struct TrialJob {
  std::vector<std::string> arguments;  // of prl
  std::filesystem::path log;           // what it prints
};

struct TrialEnd {
  int worker = 0;
  std::string error;  // one line; empty: it ended with exit status 0
};

class TrialPlace {
 public:
  virtual ~TrialPlace() = default;

  virtual int workers() const = 0;

  // A worker that runs nothing, the lowest.
  virtual std::optional<int> free_worker() const = 0;

  // Starts a trial on a free worker. Throws std::runtime_error where no process can be had.
  virtual void start(int worker, const TrialJob& job) = 0;

  // Waits until a trial ends, at most `seconds`. Returns those that have ended.
  virtual std::vector<TrialEnd> await(double seconds) = 0;

  // Ends all that run, within a few seconds. They are not reported.
  virtual void stop() = 0;
};

}  // namespace prl

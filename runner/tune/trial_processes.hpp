// Trials in child processes of this one. They are ended by the kernel when this process ends, however it ends.
#pragma once

#include <sys/types.h>

#include "runner/tune/trial_place.hpp"

namespace prl {

class TrialProcesses final : public TrialPlace {
 public:
  // `share_cores`: where each worker can have cores of its own, it keeps its trials to them
  // (parallel/transport/core_share.hpp); else all have those of this process. Trials that are told to stop are killed
  // after `patience_seconds`.
  TrialProcesses(int workers, bool share_cores, double patience_seconds = 2.0);
  // Kills what still runs.
  ~TrialProcesses() override;
  TrialProcesses(const TrialProcesses&) = delete;
  TrialProcesses& operator=(const TrialProcesses&) = delete;

  int workers() const override { return static_cast<int>(slots_.size()); }
  std::optional<int> free_worker() const override;
  void start(int worker, const TrialJob& job) override;
  std::vector<TrialEnd> await(double seconds) override;
  void stop() override;

 private:
  struct Slot {
    pid_t pid = -1;
    int descriptor = -1;  // becomes readable when the process ends (pidfd)
    std::filesystem::path log;
  };

  // Ends of slots whose process has ended; the slots are free then.
  std::vector<TrialEnd> reap();
  void signal_all(int signal);

  std::vector<Slot> slots_;
  std::filesystem::path program_;  // this one
  bool share_cores_;
  double patience_seconds_;
};

}  // namespace prl

// Trials on threads of this process: no process to start, LibTorch loaded once. What ends a trial with an error loses that
// trial alone, but what ends the process (a signal, memory that runs out) ends all that run; --resume runs them again.
//
// A trial collects serially: the number of threads of oneTBB is the whole process's, and a process that has threads must
// not fork workers.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "runner/tune/trial_place.hpp"

namespace prl {

class TrialThreads final : public TrialPlace {
 public:
  // Where each worker can have cores of its own, it keeps its trials to them (parallel/transport/core_share.hpp).
  explicit TrialThreads(int workers) : slots_(static_cast<std::size_t>(workers)) {}
  // Has all that still run end after their round.
  ~TrialThreads() override;
  TrialThreads(const TrialThreads&) = delete;
  TrialThreads& operator=(const TrialThreads&) = delete;

  int workers() const override { return static_cast<int>(slots_.size()); }
  std::optional<int> free_worker() const override;
  void start(int worker, const TrialJob& job) override;
  std::vector<TrialEnd> await(double seconds) override;
  // Trials look at the same flag as Ctrl-C sets (runner/interrupt.hpp), and end after their round.
  void stop() override;

 private:
  struct Slot {
    std::thread thread;
    bool ended = false;  // and `error`: under mutex_
    std::string error;
  };

  std::vector<Slot> slots_;
  std::mutex mutex_;
  std::condition_variable some_ended_;
};

}  // namespace prl

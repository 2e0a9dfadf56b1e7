// Workers beside the caller, in threads or forked processes, numbered from 1: they begin at once, are told to stop and
// waited for by the destructor, and one that ends with an error is noticed; where the others can do without it, a process
// is replaced.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "parallel/transport/nursery.hpp"

namespace prl {

enum class CompanionPlace { kThreads, kProcesses };

class Companions {
 public:
  // Starts workers 1 .. workers - 1. `tell_to_stop` must make every `work` return soon. With `recover` a process that
  // dies is replaced (parallel/transport/nursery.hpp). Throws std::runtime_error or std::system_error where threads or
  // processes cannot be had.
  Companions(CompanionPlace place, int workers, const std::function<void(int worker)>& work,
             std::function<void()> tell_to_stop, const Nursery::Recover& recover = {});
  ~Companions();
  Companions(const Companions&) = delete;
  Companions& operator=(const Companions&) = delete;

  // Throws WorkerDied if a process has ended and is not replaced, and what the work of a thread has thrown.
  void check();
  // Of processes that are replaced.
  std::optional<FaultCounts> faults() const;

 private:
  void run_thread(int worker, const std::function<void(int worker)>& work);
  void join();

  std::function<void()> tell_to_stop_;
  std::unique_ptr<ProcessGroup> processes_;
  std::unique_ptr<Nursery> nursery_;
  std::vector<std::thread> threads_;
  std::atomic<bool> failed_{false};
  std::mutex error_mutex_;
  std::exception_ptr error_;
};

}  // namespace prl

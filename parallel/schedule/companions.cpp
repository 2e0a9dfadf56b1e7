#include "parallel/schedule/companions.hpp"

#include <utility>

namespace prl {

Companions::Companions(CompanionPlace place, int workers, const std::function<void(int worker)>& work,
                       std::function<void()> tell_to_stop)
    : tell_to_stop_(std::move(tell_to_stop)) {
  if (place == CompanionPlace::kProcesses) {
    processes_ = std::make_unique<ProcessGroup>(workers, work, tell_to_stop_);
    return;
  }
  try {
    for (int worker = 1; worker < workers; ++worker) {
      threads_.emplace_back([this, worker, work] { run_thread(worker, work); });
    }
  } catch (...) {
    join();
    throw;
  }
}

Companions::~Companions() { join(); }

void Companions::join() {
  if (processes_ != nullptr) return;  // its destructor does it
  tell_to_stop_();
  for (std::thread& thread : threads_) thread.join();
}

void Companions::run_thread(int worker, const std::function<void(int worker)>& work) {
  try {
    work(worker);
  } catch (...) {
    const std::lock_guard lock(error_mutex_);
    if (!error_) error_ = std::current_exception();
    failed_.store(true);
  }
}

void Companions::check() {
  if (processes_ != nullptr) processes_->check_alive();
  if (!failed_.load()) return;
  const std::lock_guard lock(error_mutex_);
  std::rethrow_exception(error_);
}

}  // namespace prl

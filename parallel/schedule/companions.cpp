#include "parallel/schedule/companions.hpp"

#include <utility>

namespace prl {

Companions::Companions(CompanionPlace place, int workers, const std::function<void(int worker)>& work,
                       std::function<void()> tell_to_stop, const Nursery::Recover& recover)
    : tell_to_stop_(std::move(tell_to_stop)) {
  if (place == CompanionPlace::kProcesses) {
    if (recover) {
      nursery_ = std::make_unique<Nursery>(workers, work, tell_to_stop_, recover);
    } else {
      processes_ = std::make_unique<ProcessGroup>(workers, work, tell_to_stop_);
    }
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
  if (processes_ != nullptr || nursery_ != nullptr) return;  // their destructors do it
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
  if (nursery_ != nullptr) nursery_->check();
  if (!failed_.load()) return;
  const std::lock_guard lock(error_mutex_);
  std::rethrow_exception(error_);
}

std::optional<FaultCounts> Companions::faults() const {
  if (nursery_ == nullptr) return std::nullopt;
  return nursery_->counts();
}

}  // namespace prl

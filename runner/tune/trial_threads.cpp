#include "runner/tune/trial_threads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <new>
#include <stdexcept>
#include <system_error>

#include "parallel/transport/core_share.hpp"
#include "runner/commands.hpp"
#include "runner/interrupt.hpp"

namespace prl {
namespace {

// What `prl` would do with the words in a process of its own. Throws what is wrong.
int train(const std::vector<std::string>& words) {
  CLI::App app;
  TrainOptions options;
  add_train_options(app, options);
  std::vector<std::string> reversed(words.rbegin(),
                                    words.rend() - 1);  // without "train"; CLI11 takes them from the back
  app.parse(reversed);
  if (options.base.collect != CollectMode::kSerial) {
    throw UsageError(
        "--place threads has trials that collect serially: leave --collect away, or use --place processes");
  }
  return run_train(options, words);
}

// Empty if the trial ended well.
std::string error_of(const TrialJob& job) {
  std::string error;
  try {
    const int status = train(job.arguments);
    if (status != 0) error = fmt::format("it ended with exit status {}", status);
  } catch (const std::bad_alloc&) {
    error = "memory ran out: give fewer environments or steps a round, or a smaller network";
  } catch (const std::exception& failure) {
    error = failure.what();
  }
  std::ofstream log(job.log);
  if (!error.empty()) log << "prl: " << error << '\n';
  return error;
}

}  // namespace

TrialThreads::~TrialThreads() {
  if (std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.thread.joinable(); })) {
    stop_requested().store(true);
  }
  TrialThreads::stop();
}

std::optional<int> TrialThreads::free_worker() const {
  const auto slot = std::find_if(slots_.begin(), slots_.end(), [](const Slot& s) { return !s.thread.joinable(); });
  if (slot == slots_.end()) return std::nullopt;
  return static_cast<int>(slot - slots_.begin());
}

void TrialThreads::start(int worker, const TrialJob& job) {
  Slot& slot = slots_[static_cast<std::size_t>(worker)];
  try {
    slot.thread = std::thread([this, &slot, worker, job] {
      keep_to_core_share(worker, workers());
      std::string error = error_of(job);
      const std::lock_guard lock(mutex_);
      slot.error = std::move(error);
      slot.ended = true;
      some_ended_.notify_all();
    });
  } catch (const std::system_error& error) {
    throw std::runtime_error(
        fmt::format("a trial could not be started: {}; use fewer --workers, or raise the limit on threads (ulimit -u), "
                    "then go on with --resume",
                    error.what()));
  }
}

std::vector<TrialEnd> TrialThreads::await(double seconds) {
  std::unique_lock lock(mutex_);
  some_ended_.wait_for(lock, std::chrono::duration<double>(seconds), [this] {
    return std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.ended; });
  });
  std::vector<TrialEnd> ends;
  for (std::size_t worker = 0; worker < slots_.size(); ++worker) {
    Slot& slot = slots_[worker];
    if (!slot.ended) continue;
    slot.thread.join();  // it has nothing more to do than to give up the lock, and has
    ends.push_back({static_cast<int>(worker), std::move(slot.error)});
    slot.ended = false;
    slot.error.clear();
  }
  return ends;
}

void TrialThreads::stop() {
  for (Slot& slot : slots_) {
    if (slot.thread.joinable()) slot.thread.join();
    slot.ended = false;
  }
}

}  // namespace prl

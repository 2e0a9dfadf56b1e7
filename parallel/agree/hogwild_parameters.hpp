// Parameters that several workers read and step without locks and without waiting for each other (Recht et al.,
// "Hogwild!", 2011), with the averages of their optimisers, in memory shared between threads or processes.
//
//   pull   a worker copies the parameters: any mixture of what others have written by then
//   push   it steps them by a gradient that it has computed from its copy; others may have stepped them since
//
// Averages are one set that all workers step, or one of each worker (Mnih et al. 2016, section 4: 'shared' RMSProp and
// RMSProp with statistics of each thread).
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "core/relaxed_floats.hpp"
#include "core/run_state.hpp"
#include "parallel/transport/shared_lock.hpp"
#include "parallel/transport/shared_region.hpp"

namespace prl {

enum class AverageSharing { kShared, kPerWorker };

// Copies of what lies beside the parameters, as plain values.
struct HogwildState {
  std::vector<AlignedBuffer<float>> averages;  // of each set one after the other
  std::vector<std::uint64_t> updates;          // of each set
  std::uint64_t rounds = 0;

  void add_state(RunState& state);
};

class HogwildParameters {
 public:
  // Zeros. Throws std::runtime_error where there is no memory.
  HogwildParameters(int workers, std::size_t parameter_count, AverageSharing averages);
  HogwildParameters(const HogwildParameters&) = delete;
  HogwildParameters& operator=(const HogwildParameters&) = delete;

  std::size_t size() const { return parameter_count_; }
  std::size_t size_bytes() const { return parameter_count_ * sizeof(float); }

  // Copies all parameters, [size()].
  void load(std::span<float> to) const { parameters_.load(0, to); }
  void store(std::span<const float> from) const { parameters_.store(0, from); }

  // What the learner of a worker steps (LearnerStorage::shared).
  const SharedParameters& shared(int worker) const { return shared_[static_cast<std::size_t>(worker)]; }

  // The averages and counts, while nobody steps; a copy of them to begin with takes restore() before anybody works.
  HogwildState snapshot() const;
  void restore(const HogwildState& state) const;

  // For workers that are to copy and step one after the other.
  SharedLock& lock() { return lock_; }

  // Around a worker's step.
  void begin_push(int worker) { steppers_[static_cast<std::size_t>(worker)].stepping.store(true); }
  void end_push(int worker) {
    counts_.pushes.fetch_add(1);
    steppers_[static_cast<std::size_t>(worker)].stepping.store(false);
  }
  // For a worker that has died, at whatever moment: opens the lock if it held that. A step that it was at stays where it
  // has come to, a step by a gradient of which the rest is 0, and is counted as lost.
  void recover(int worker);
  // Steps that were cut short like that.
  std::uint64_t pushes_lost() const { return counts_.lost.load(); }

  // Pushes that have been finished, by all workers.
  std::uint64_t pushes() const { return counts_.pushes.load(); }

 private:
  struct Counts {
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> pushes{0};
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> rounds{0};
    std::atomic<std::uint64_t> lost{0};
  };
  struct alignas(kCacheLineBytes) Updates {
    std::atomic<std::uint64_t> count{0};
  };

  struct alignas(kCacheLineBytes) Stepper {
    std::atomic<bool> stepping{false};
  };

  std::size_t parameter_count_;
  SharedRegion region_;
  RelaxedFloats parameters_;
  Counts& counts_;
  SharedLock& lock_;
  std::span<Stepper> steppers_;           // by worker
  std::size_t sets_;                      // of averages: one, or one of each worker
  std::vector<SharedParameters> shared_;  // by worker
};

}  // namespace prl

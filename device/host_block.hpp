// A block of threads that work together, in phases: every thread runs a phase before any begins the next. A kernel with
// barriers is one function of such a block, written once; on the device a phase ends with __syncthreads()
// (device/cuda_block.cuh), here the threads of a phase run one after the other, in either order: a phase whose threads
// need each other's results gives other bits backwards than forwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "device/thread_index.hpp"

namespace prl {

enum class ThreadOrder { kForwards, kBackwards };

// `Own` is what a thread keeps from phase to phase, in registers on the device.
template <typename Own>
class HostBlock {
 public:
  HostBlock(std::int32_t block, std::int32_t threads, std::size_t shared_floats, ThreadOrder order)
      : block_(block), order_(order), own_(static_cast<std::size_t>(threads)), shared_(shared_floats) {}

  // Memory that all threads of the block see.
  float* shared() { return shared_.data(); }

  // work(ThreadIndex, Own&) by every thread.
  template <typename Work>
  void phase(const Work& work) {
    const auto threads = static_cast<std::int32_t>(own_.size());
    for (std::int32_t n = 0; n < threads; ++n) {
      const std::int32_t thread = order_ == ThreadOrder::kForwards ? n : threads - 1 - n;
      work(ThreadIndex{block_, thread, threads}, own_[static_cast<std::size_t>(thread)]);
    }
  }

  // Whether ask(const Own&) holds for some thread; a phase.
  template <typename Ask>
  bool any(const Ask& ask) {
    bool found = false;
    for (const Own& own : own_) found = found | ask(own);
    return found;
  }

 private:
  std::int32_t block_;
  ThreadOrder order_;
  std::vector<Own> own_;
  std::vector<float> shared_;
};

}  // namespace prl

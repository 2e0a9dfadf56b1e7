// The parameters that a learner publishes while actors act with earlier ones: numbered versions in shared memory, read in
// place. Publishing copies them once and never waits; an actor holds the version it acts with, and a version that nobody
// holds is overwritten. With R readers R + 2 buffers are enough: one held by each, the latest, and one to write.
//
// No reader sees a buffer that is being written: it says in a word of its own which buffer it holds and then looks whether
// that is still the latest, and the writer looks for words that name a buffer which is not the latest. Both are
// sequentially consistent, so one of them sees the other. A reader that dies has said all that there is to take back.
//
// Source: Michael, "Hazard pointers: safe memory reclamation for lock-free objects" (2004), with a pointer a reader.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "core/aligned_buffer.hpp"
#include "parallel/transport/shared_region.hpp"

namespace prl {

class ParameterVersions {
 public:
  static std::size_t bytes_for(int readers, std::size_t parameter_count);

  // In `region`, which must outlive this. No version is published yet.
  ParameterVersions(SharedRegion& region, int readers, std::size_t parameter_count);

  // By one writer at a time. The first version is number 0.
  void publish(std::span<const float> parameters);

  // Versions published so far.
  std::uint64_t published() const { return published_.load(std::memory_order_relaxed); }

  struct Held {
    const float* parameters;
    std::uint64_t number;
  };
  // The latest version, which stays until the reader, 0 <= reader < readers, releases it: it holds one at a time. There
  // must be one.
  Held hold_latest(int reader);
  // Also for a reader that has died, whatever it was at.
  void release(int reader) { readers_[static_cast<std::size_t>(reader)].held.store(0); }

 private:
  struct alignas(kCacheLineBytes) Reader {
    std::atomic<std::uint32_t> held{0};  // buffer, counted from 1; 0: none
  };

  bool is_held(std::uint32_t buffer) const;

  std::size_t parameter_count_;
  std::span<Reader> readers_;
  std::span<std::uint64_t> numbers_;  // [buffers]
  std::span<float> values_;           // [buffers][stride]
  std::size_t stride_;
  std::atomic<std::uint64_t>& published_;
  std::atomic<std::uint32_t>& latest_;
};

}  // namespace prl

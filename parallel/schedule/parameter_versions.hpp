// The parameters that a learner publishes while actors act with earlier ones: numbered versions in shared memory, read in
// place. Publishing copies them once and never waits; an actor holds the version it acts with, and a version that nobody
// holds is overwritten. With R readers R + 2 buffers are enough: one held by each, the latest, and one to write.
//
// No reader sees a buffer that is being written: it adds itself to the buffer's readers and then looks whether the buffer
// is still the latest, and the writer looks for readers of a buffer that is not the latest. Both are sequentially
// consistent, so one of them sees the other.
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

  // A version that is held; give it back by release(). At most `readers` may be held at a time.
  struct Held {
    const float* parameters;
    std::uint64_t number;
    std::size_t buffer;
  };
  // The latest version. There must be one.
  Held hold_latest();
  void release(const Held& held) { buffers_[held.buffer].readers.fetch_sub(1); }

 private:
  struct alignas(kCacheLineBytes) Buffer {
    std::atomic<std::uint32_t> readers{0};
    std::uint64_t number = 0;
  };

  std::size_t parameter_count_;
  std::span<Buffer> buffers_;
  std::span<float> values_;  // [buffers][stride]
  std::size_t stride_;
  std::atomic<std::uint64_t>& published_;
  std::atomic<std::uint32_t>& latest_;
};

}  // namespace prl

// A stream of bytes from one writer to one reader, threads or processes, through a ring in shared memory.
//
// Positions count bytes since the start and never wrap; the ring holds [read_, written_), at most its capacity. Long
// messages go through in chunks, so that the reader copies one while the writer fills the next and both stay in cache.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/aligned_buffer.hpp"

namespace prl {

// The part that both sides see beside the bytes.
struct RingPositions {
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> written{0};
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> read{0};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "shared between processes: must not need a lock");

class RingWriter {
 public:
  RingWriter() = default;
  RingWriter(RingPositions& positions, std::span<std::byte> ring) : positions_(&positions), ring_(ring) {}

  // Whether write_some() would take at least one byte.
  bool writable() { return space(1) > 0; }

  // Copies as much of `out` as there is room for, at most a chunk, and publishes it. Returns the number of bytes.
  std::size_t write_some(std::span<const std::byte> out) {
    const std::size_t wanted = std::min(out.size(), ring_.size() / kChunksPerRing);
    const std::size_t count = std::min(wanted, space(wanted));
    if (count == 0) return 0;
    const std::size_t start = static_cast<std::size_t>(written_) & (ring_.size() - 1);
    const std::size_t to_end = std::min(count, ring_.size() - start);
    std::memcpy(ring_.data() + start, out.data(), to_end);
    std::memcpy(ring_.data(), out.data() + to_end, count - to_end);
    written_ += count;
    positions_->written.store(written_);
    return count;
  }

  static constexpr std::size_t kChunksPerRing = 8;

 private:
  // The reader's position is looked at only when the last known one leaves too little room: its cache line is the
  // reader's.
  std::size_t space(std::size_t wanted) {
    const auto free_bytes = [this] { return ring_.size() - static_cast<std::size_t>(written_ - known_read_); };
    if (free_bytes() < wanted) known_read_ = positions_->read.load();
    return free_bytes();
  }

  RingPositions* positions_ = nullptr;
  std::span<std::byte> ring_;
  std::uint64_t written_ = 0;
  std::uint64_t known_read_ = 0;
};

class RingReader {
 public:
  RingReader() = default;
  RingReader(RingPositions& positions, std::span<const std::byte> ring) : positions_(&positions), ring_(ring) {}

  // Whether read_some() would give at least one byte.
  bool readable() { return available() > 0; }

  // Copies what has arrived, at most in.size() bytes, and frees its room. Returns the number of bytes.
  std::size_t read_some(std::span<std::byte> in) {
    const std::size_t count = std::min(in.size(), available());
    if (count == 0) return 0;
    const std::size_t start = static_cast<std::size_t>(read_) & (ring_.size() - 1);
    const std::size_t to_end = std::min(count, ring_.size() - start);
    std::memcpy(in.data(), ring_.data() + start, to_end);
    std::memcpy(in.data() + to_end, ring_.data(), count - to_end);
    read_ += count;
    positions_->read.store(read_);
    return count;
  }

 private:
  std::size_t available() {
    if (known_written_ == read_) known_written_ = positions_->written.load();
    return static_cast<std::size_t>(known_written_ - read_);
  }

  RingPositions* positions_ = nullptr;
  std::span<const std::byte> ring_;
  std::uint64_t read_ = 0;
  std::uint64_t known_written_ = 0;
};

}  // namespace prl

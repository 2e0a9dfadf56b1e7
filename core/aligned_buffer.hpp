// A fixed-size array on a cache-line boundary. Kernels and matrix products give the same bits for the same alignment
// only, so every buffer they touch is one of these or a multiple of a cache line into one.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>

namespace prl {

inline constexpr std::size_t kCacheLineBytes = 64;

constexpr std::size_t round_up_to_cache_line(std::size_t bytes) {
  return (bytes + kCacheLineBytes - 1) / kCacheLineBytes * kCacheLineBytes;
}

// `count` value-initialised elements of a trivial type. Throws std::bad_alloc.
template <typename T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t count)
      : data_(new (std::align_val_t{kCacheLineBytes}) T[count > 0 ? count : 1]()), count_(count) {}

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t size() const { return count_; }
  T& operator[](std::size_t i) { return data_.get()[i]; }
  const T& operator[](std::size_t i) const { return data_.get()[i]; }
  std::span<T> span() { return {data_.get(), count_}; }
  std::span<const T> span() const { return {data_.get(), count_}; }

 private:
  struct Deleter {
    void operator()(T* pointer) const { ::operator delete[](pointer, std::align_val_t{kCacheLineBytes}); }
  };
  std::unique_ptr<T[], Deleter> data_;
  std::size_t count_ = 0;
};

}  // namespace prl

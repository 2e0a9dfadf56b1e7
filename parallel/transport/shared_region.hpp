// Memory that forked processes share: one nameless file in memory, mapped before the fork. It has no name in any file
// system, so nothing is left behind however its processes end.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

#include "core/aligned_buffer.hpp"

namespace prl {

class SharedRegion {
 public:
  // Bytes that carve<T>(count) takes.
  template <typename T>
  static constexpr std::size_t bytes_for(std::size_t count) {
    return round_up_to_cache_line(count * sizeof(T));
  }

  // Reserves `bytes` bytes of zeros. `purpose` is named in the error. Throws std::runtime_error.
  SharedRegion(std::string_view purpose, std::size_t bytes);
  ~SharedRegion();
  SharedRegion(const SharedRegion&) = delete;
  SharedRegion& operator=(const SharedRegion&) = delete;

  // The next `count` value-initialised objects, starting on a cache line. Objects are not destroyed. Throws
  // std::length_error when the region is used up: the sizes were added up wrongly.
  template <typename T>
  std::span<T> carve(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kCacheLineBytes);
    T* first = static_cast<T*>(take(bytes_for<T>(count)));
    std::uninitialized_value_construct_n(first, count);
    return {first, count};
  }

  // One object, made from `arguments`.
  template <typename T, typename... Arguments>
  T& make(Arguments&&... arguments) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kCacheLineBytes);
    return *new (take(bytes_for<T>(1))) T(std::forward<Arguments>(arguments)...);
  }

  std::size_t size_bytes() const { return size_bytes_; }

 private:
  void* take(std::size_t bytes);

  std::byte* start_ = nullptr;
  std::size_t size_bytes_ = 0;
  std::size_t used_bytes_ = 0;
};

}  // namespace prl

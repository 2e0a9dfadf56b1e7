// What a run has to keep so that another process can go on with it bit by bit, as named spans of bytes where they lie.
// Whoever holds state adds it; a checkpoint is written from the spans, or written into them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace prl {

class RunState {
 public:
  struct Item {
    std::string name;
    std::span<std::byte> bytes;
  };

  // The values must outlive this.
  template <typename T>
  void add(std::string name, std::span<T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    items_.push_back({std::move(name), std::as_writable_bytes(values)});
  }
  template <typename T>
  void add_value(std::string name, T& value) {
    add(std::move(name), std::span<T>(&value, 1));
  }

  const std::vector<Item>& items() const { return items_; }

 private:
  std::vector<Item> items_;
};

}  // namespace prl

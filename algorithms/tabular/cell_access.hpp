// How a tabular rule reaches the cells of its table: alone, or with others that read and write the same cells.
//
// Relaxed accesses never tear and are no data race, and they order nothing: a value read may be old, and when two
// workers update one cell at the same time one of the updates can be lost. That is what 'unsynchronised' means here.
#pragma once

#include <atomic>
#include <cstdint>

namespace prl {

static_assert(std::atomic_ref<double>::is_always_lock_free && std::atomic_ref<std::uint32_t>::is_always_lock_free,
              "cells are shared between processes: must not need a lock");

struct PlainCells {
  template <typename T>
  static T load(const T& cell) {
    return cell;
  }
  template <typename T>
  static void store(T& cell, T value) {
    cell = value;
  }
};

struct RelaxedCells {
  template <typename T>
  static T load(const T& cell) {
    // std::atomic_ref of a const type comes with C++26 only.
    return std::atomic_ref<T>(const_cast<T&>(cell)).load(std::memory_order_relaxed);
  }
  template <typename T>
  static void store(T& cell, T value) {
    std::atomic_ref<T>(cell).store(value, std::memory_order_relaxed);
  }
};

// One more in a counter, which is returned. Under RelaxedCells a count can be lost, like an update.
template <typename Cells>
std::uint32_t count_visit(std::uint32_t& visits) {
  const std::uint32_t counted = Cells::load(visits) + 1;
  Cells::store(visits, counted);
  return counted;
}

// Adds to a cell that others add to as well; returns what it was. Nothing is lost, unlike a store of what was loaded.
template <typename T>
T add_to_cell(T& cell, T value) {
  return std::atomic_ref<T>(cell).fetch_add(value, std::memory_order_relaxed);
}

}  // namespace prl

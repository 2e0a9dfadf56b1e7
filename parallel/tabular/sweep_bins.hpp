// Where the workers of a sweep leave transitions for each other: one bin for every pair of a worker that draws and a
// worker that owns, written and read in turn. A worker's share of the batch is contiguous and lower workers have lower
// indices, so an owner that reads its bins in the order of the drawing workers sees its transitions in the batch's order,
// whatever the number of workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/tabular_transition.hpp"
#include "parallel/transport/shared_region.hpp"

namespace prl {

class SweepBins {
 public:
  static std::size_t bytes(int workers, int batch) {
    return SharedRegion::bytes_for<TabularTransition>(slots(workers) * capacity(workers, batch)) +
           SharedRegion::bytes_for<std::uint32_t>(slots(workers));
  }

  SweepBins(SharedRegion& region, int workers, int batch)
      : workers_(workers),
        batch_(batch),
        capacity_(capacity(workers, batch)),
        transitions_(region.carve<TabularTransition>(slots(workers) * capacity_)),
        sizes_(region.carve<std::uint32_t>(slots(workers))) {}

  // The batch's indices that `worker` draws.
  int first_index(int worker) const { return static_cast<int>(static_cast<std::int64_t>(worker) * batch_ / workers_); }

  void clear(int from) {
    for (int to = 0; to < workers_; ++to) sizes_[slot(from, to)] = 0;
  }
  void put(int from, int to, const TabularTransition& transition) {
    const std::size_t at = slot(from, to);
    transitions_[at * capacity_ + sizes_[at]++] = transition;
  }
  std::span<const TabularTransition> get(int from, int to) const {
    const std::size_t at = slot(from, to);
    return transitions_.subspan(at * capacity_, sizes_[at]);
  }

 private:
  static std::size_t slots(int workers) {
    return static_cast<std::size_t>(workers) * static_cast<std::size_t>(workers);
  }
  static std::size_t capacity(int workers, int batch) { return static_cast<std::size_t>(batch / workers + 1); }
  std::size_t slot(int from, int to) const {
    return static_cast<std::size_t>(from) * static_cast<std::size_t>(workers_) + static_cast<std::size_t>(to);
  }

  int workers_;
  int batch_;
  std::size_t capacity_;
  std::span<TabularTransition> transitions_;
  std::span<std::uint32_t> sizes_;
};

}  // namespace prl

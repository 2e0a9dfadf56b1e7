// Floats that several threads or processes read and write at the same time without agreeing, and without a data race.
//
// Cells are relaxed atomics: an access never tears and orders nothing, so a reader may see any mixture of old and new
// cells, and of two writers that change a cell at the same time one loses. Compilers do not vectorise atomics, so whole
// blocks are copied out, worked on and copied back. A cell holds two floats: half as many accesses, half the time
// (benchmarks/shared_steps.cpp). Neighbours are then lost together.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace prl {

using FloatPair = std::atomic<std::uint64_t>;
static_assert(FloatPair::is_always_lock_free, "shared between processes: must not need a lock");

class RelaxedFloats {
 public:
  // Cells that `count` floats take.
  static constexpr std::size_t cells_for(std::size_t count) { return (count + 1) / 2; }

  RelaxedFloats() = default;
  explicit RelaxedFloats(std::span<FloatPair> cells) : cells_(cells) {}

  // Copies the floats from the `begin`-th on, an even number, to `to`.
  void load(std::size_t begin, std::span<float> to) const {
    const FloatPair* cells = cells_.data() + begin / 2;
    const std::size_t pairs = to.size() / 2;
    for (std::size_t i = 0; i < pairs; ++i) {
      const std::uint64_t pair = cells[i].load(std::memory_order_relaxed);
      // One store of eight bytes, where g++ 12 makes two of a pair of floats.
      std::memcpy(to.data() + 2 * i, &pair, sizeof(pair));
    }
    if (to.size() % 2 == 0) return;
    to.back() = std::bit_cast<std::array<float, 2>>(cells[pairs].load(std::memory_order_relaxed))[0];
  }

  // Copies `from` to the floats from the `begin`-th on, an even number. An odd count may only end at the last float.
  void store(std::size_t begin, std::span<const float> from) const {
    FloatPair* cells = cells_.data() + begin / 2;
    const std::size_t pairs = from.size() / 2;
    for (std::size_t i = 0; i < pairs; ++i) {
      const std::array<float, 2> pair{from[2 * i], from[2 * i + 1]};
      cells[i].store(std::bit_cast<std::uint64_t>(pair), std::memory_order_relaxed);
    }
    if (from.size() % 2 == 0) return;
    cells[pairs].store(std::bit_cast<std::uint64_t>(std::array<float, 2>{from.back(), 0.0F}),
                       std::memory_order_relaxed);
  }

 private:
  std::span<FloatPair> cells_;
};

// Parameters that several learners step at the same time, with what their optimisers keep.
struct SharedParameters {
  // Moving averages an optimiser may have of each parameter.
  static constexpr std::size_t kAverages = 2;

  RelaxedFloats parameters;
  std::array<RelaxedFloats, kAverages> averages;  // 0 at the start
  std::atomic<std::uint64_t>* updates = nullptr;  // finished by all that share the averages
  std::atomic<std::uint64_t>* rounds = nullptr;   // finished by all learners
};

}  // namespace prl

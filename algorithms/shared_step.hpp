// An optimiser's step on parameters that other learners step at the same time, without a lock (core/relaxed_floats.hpp):
// block by block, parameters and averages are read, stepped by the arithmetic that any other step has, and written.
//
//   theta_b <- theta_b + step(theta_b, averages_b, g_b)   for every block b of the parameters
//
// What another learner writes to a block between its reading and its writing is lost: some hundred nanoseconds a block.
//
// Source: Recht, Re, Wright, Niu, "Hogwild!: a lock-free approach to parallelizing stochastic gradient descent" (NIPS
// 2011), algorithm 1; Mnih et al., "Asynchronous methods for deep reinforcement learning" (ICML 2016), section 4, of
// shared averages. Deviation: a parameter and its averages are read and written a block at a time, not one by one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "core/aligned_buffer.hpp"
#include "core/learner.hpp"
#include "core/relaxed_floats.hpp"

namespace prl {

// Floats of a block: parameters and averages of one stay in the first-level cache.
inline constexpr std::size_t kSharedBlock = 512;

// Calls `step(range, parameters, averages...)` for every block of `range`, with spans that hold the block and its range of
// all parameters. `range` begins on a cache line.
template <std::size_t kAverages, typename Step>
void step_shared(const SharedParameters& shared, ParameterRange range, const Step& step) {
  static_assert(kAverages <= SharedParameters::kAverages);
  alignas(kCacheLineBytes) std::array<std::array<float, kSharedBlock>, 1 + kAverages> blocks;
  for (std::size_t begin = range.begin; begin < range.end; begin += kSharedBlock) {
    const ParameterRange block{begin, std::min(begin + kSharedBlock, range.end)};
    const auto values = [&](std::size_t k) { return std::span(blocks[k]).first(block.size()); };
    shared.parameters.load(begin, values(0));
    for (std::size_t k = 0; k < kAverages; ++k) shared.averages[k].load(begin, values(1 + k));
    if constexpr (kAverages == 1) {
      step(block, values(0), values(1));
    } else {
      step(block, values(0), values(1), values(2));
    }
    shared.parameters.store(begin, values(0));
    for (std::size_t k = 0; k < kAverages; ++k) shared.averages[k].store(begin, values(1 + k));
  }
}

}  // namespace prl

// How many merges had which lag (parallel/agree/parameter_agreement.hpp), in bins that double: lag 0, 1, 2 to 3, 4 to
// 7, .. One worker's, on cache lines of its own, in shared memory where worker 0 reads it.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "core/aligned_buffer.hpp"

namespace prl {

struct alignas(kCacheLineBytes) MergeLags {
  static constexpr std::size_t kBins = 33;  // the last one for lags of 2^31 and above

  std::array<std::uint64_t, kBins> merges{};
  std::uint64_t count = 0;
  double sum = 0.0;
  long largest = 0;

  static long least_of_bin(std::size_t bin) { return bin == 0 ? 0 : 1L << (bin - 1); }

  void add(long lag) {
    const auto bin = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(lag)));
    ++merges[std::min(bin, kBins - 1)];
    ++count;
    sum += static_cast<double>(lag);
    largest = std::max(largest, lag);
  }

  void add(const MergeLags& other) {
    for (std::size_t bin = 0; bin < kBins; ++bin) merges[bin] += other.merges[bin];
    count += other.count;
    sum += other.sum;
    largest = std::max(largest, other.largest);
  }
};

}  // namespace prl

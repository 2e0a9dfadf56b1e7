#include "parallel/agree/gradient_reduction.hpp"

#include <algorithm>

namespace prl {
namespace {

// A block of the sum stays in the first-level cache while all parts are added to it.
constexpr std::size_t kBlockFloats = 2048;

void add(const float* __restrict gradient, std::size_t count, float* __restrict sum) {
  for (std::size_t i = 0; i < count; ++i) sum[i] += gradient[i];
}

void add_two(const float* __restrict first, const float* __restrict second, std::size_t count, float* __restrict sum) {
  for (std::size_t i = 0; i < count; ++i) sum[i] = first[i] + second[i];
}

}  // namespace

void sum_gradients(std::span<const float* const> parts, std::size_t count, float* sum) {
  if (parts.size() == 1) {
    std::copy_n(parts[0], count, sum);
    return;
  }
  for (std::size_t begin = 0; begin < count; begin += kBlockFloats) {
    const std::size_t block = std::min(kBlockFloats, count - begin);
    add_two(parts[0] + begin, parts[1] + begin, block, sum + begin);
    for (std::size_t k = 2; k < parts.size(); ++k) add(parts[k] + begin, block, sum + begin);
  }
}

double sum_in_order(std::span<const double> values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum;
}

}  // namespace prl

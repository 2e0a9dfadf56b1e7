#include "core/learner.hpp"

#include <algorithm>
#include <array>

namespace prl {
namespace {

double square_sum_of_block(std::span<const float> values) {
  // Eight running sums in a fixed order: as exact as one, and they vectorise.
  constexpr std::size_t kSums = 8;
  std::array<double, kSums> sums{};
  std::size_t i = 0;
  for (; i + kSums <= values.size(); i += kSums) {
    for (std::size_t k = 0; k < kSums; ++k) {
      const double value = static_cast<double>(values[i + k]);
      sums[k] += value * value;
    }
  }
  for (; i < values.size(); ++i) sums[i % kSums] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace

double square_sum(std::span<const float> values) {
  double total = 0.0;
  for (std::size_t begin = 0; begin < values.size(); begin += kSquareSumBlock) {
    total += square_sum_of_block(values.subspan(begin, std::min(kSquareSumBlock, values.size() - begin)));
  }
  return total;
}

}  // namespace prl

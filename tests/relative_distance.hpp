// How far a vector lies from the one that it should be.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace prl::test {

// |a - b| / |b|, of vectors of one length.
inline double relative_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0.0;
  double size = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
    size += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(difference / size);
}

}  // namespace prl::test

// Transposing a matrix in blocks, in every shape of block and remainder.
#include "core/transpose.hpp"

#include <cstddef>
#include <numeric>
#include <vector>

#include "tests/catch2.hpp"

TEST_CASE("A transpose moves every element and is its own inverse") {
  for (const int rows : {1, 2, 15, 16, 17, 40}) {
    for (const int columns : {1, 3, 16, 33, 64}) {
      std::vector<float> source(static_cast<std::size_t>(rows * columns));
      std::iota(source.begin(), source.end(), 1.0F);
      std::vector<float> target(source.size());
      std::vector<float> back(source.size());
      prl::transpose(source.data(), rows, columns, target.data());
      for (int r = 0; r < rows; ++r) {
        for (int c = 0; c < columns; ++c) {
          REQUIRE(target[static_cast<std::size_t>(c * rows + r)] == source[static_cast<std::size_t>(r * columns + c)]);
        }
      }
      prl::transpose(target.data(), columns, rows, back.data());
      REQUIRE(back == source);
    }
  }
}

#include "core/matrix_product.hpp"

#include <algorithm>

#include "core/lanes.hpp"

namespace prl {
namespace {

// A tile of Rows by Registers * kLaneCount elements of C, starting at (row, column). `tail` counts the used lanes of
// the last register; kLaneCount means all of them.
template <int Rows, int Registers, bool Partial>
inline void multiply_tile(const MatrixProduct& p, int row, int column, int tail) {
  constexpr int kLast = Registers - 1;
  Lanes sum[Rows][Registers];
#pragma GCC unroll 8
  for (int j = 0; j < Registers; ++j) {
    Lanes start = Lanes::broadcast(0.0F);
    if (p.bias != nullptr) {
      const float* bias = p.bias + column + j * kLaneCount;
      start = Partial && j == kLast ? Lanes::load_partial(bias, tail) : Lanes::load(bias);
    }
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) sum[r][j] = start;
  }
  const float* a = p.a + row * p.a_row_stride;
  const float* b = p.b + column;
  for (int k = 0; k < p.depth; ++k) {
    Lanes factor[Registers];
#pragma GCC unroll 8
    for (int j = 0; j < Registers; ++j) {
      factor[j] =
          Partial && j == kLast ? Lanes::load_partial(b + j * kLaneCount, tail) : Lanes::load(b + j * kLaneCount);
    }
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      const Lanes x = Lanes::broadcast(a[r * p.a_row_stride]);
#pragma GCC unroll 8
      for (int j = 0; j < Registers; ++j) sum[r][j] = multiply_add(x, factor[j], sum[r][j]);
    }
    a += p.a_depth_stride;
    b += p.b_stride;
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    float* c = p.c + (row + r) * p.c_stride + column;
#pragma GCC unroll 8
    for (int j = 0; j < Registers; ++j) {
      if (Partial && j == kLast) {
        sum[r][j].store_partial(c + j * kLaneCount, tail);
      } else {
        sum[r][j].store(c + j * kLaneCount);
      }
    }
  }
}

// All columns of Rows rows, Registers registers at a time, then one at a time, the last of them partly filled.
template <int Rows, int Registers>
inline void multiply_rows(const MatrixProduct& p, int row) {
  int column = 0;
  for (; column + Registers * kLaneCount <= p.columns; column += Registers * kLaneCount) {
    multiply_tile<Rows, Registers, false>(p, row, column, kLaneCount);
  }
  for (; column + kLaneCount <= p.columns; column += kLaneCount) {
    multiply_tile<Rows, 1, false>(p, row, column, kLaneCount);
  }
  if (column < p.columns) multiply_tile<Rows, 1, true>(p, row, column, p.columns - column);
}

// Few rows leave registers free: they take more columns at once, so that enough independent chains hide the latency
// of a multiply-add.
inline void multiply_remaining_rows(const MatrixProduct& p, int row, int count) {
  switch (count) {
    case 1:
      return multiply_rows<1, 8>(p, row);
    case 2:
      return multiply_rows<2, 4>(p, row);
    case 3:
      return multiply_rows<3, 4>(p, row);
    default:
      return multiply_rows<4, 4>(p, row);
  }
}

// Full tiles, one panel of columns after the other: the panel of B stays in the first-level cache for all rows.
void multiply_full_tiles(const MatrixProduct& p, int rows) {
  constexpr int kPanel = 2 * kLaneCount;
  int column = 0;
  for (; column + kPanel <= p.columns; column += kPanel) {
    for (int row = 0; row < rows; row += kTileRows) multiply_tile<kTileRows, 2, false>(p, row, column, kLaneCount);
  }
  for (; column + kLaneCount <= p.columns; column += kLaneCount) {
    for (int row = 0; row < rows; row += kTileRows) multiply_tile<kTileRows, 1, false>(p, row, column, kLaneCount);
  }
  if (column < p.columns) {
    const int tail = p.columns - column;
    for (int row = 0; row < rows; row += kTileRows) multiply_tile<kTileRows, 1, true>(p, row, column, tail);
  }
}

}  // namespace

void multiply(const MatrixProduct& product) {
  const int full_rows = product.rows / kTileRows * kTileRows;
  multiply_full_tiles(product, full_rows);
  int row = full_rows;
  while (row < product.rows) {
    const int count = std::min(4, product.rows - row);
    multiply_remaining_rows(product, row, count);
    row += count;
  }
}

}  // namespace prl

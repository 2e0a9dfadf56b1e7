#include "core/transpose.hpp"

#include <cstddef>
#include <cstring>

namespace prl {
namespace {

constexpr int kBlock = 4;
typedef float Quad __attribute__((vector_size(kBlock * sizeof(float))));

Quad load_quad(const float* p) {
  Quad quad;
  std::memcpy(&quad, p, sizeof quad);
  return quad;
}

void store_quad(float* p, Quad quad) { std::memcpy(p, &quad, sizeof quad); }

// Four rows of four become four columns, in registers: interleave pairs of rows, then pairs of pairs.
void transpose_block(const float* source, std::ptrdiff_t source_stride, float* target, std::ptrdiff_t target_stride) {
  const Quad row0 = load_quad(source);
  const Quad row1 = load_quad(source + source_stride);
  const Quad row2 = load_quad(source + 2 * source_stride);
  const Quad row3 = load_quad(source + 3 * source_stride);
  const Quad low01 = __builtin_shufflevector(row0, row1, 0, 4, 1, 5);
  const Quad low23 = __builtin_shufflevector(row2, row3, 0, 4, 1, 5);
  const Quad high01 = __builtin_shufflevector(row0, row1, 2, 6, 3, 7);
  const Quad high23 = __builtin_shufflevector(row2, row3, 2, 6, 3, 7);
  store_quad(target, __builtin_shufflevector(low01, low23, 0, 1, 4, 5));
  store_quad(target + target_stride, __builtin_shufflevector(low01, low23, 2, 3, 6, 7));
  store_quad(target + 2 * target_stride, __builtin_shufflevector(high01, high23, 0, 1, 4, 5));
  store_quad(target + 3 * target_stride, __builtin_shufflevector(high01, high23, 2, 3, 6, 7));
}

}  // namespace

void transpose(const float* source, int rows, int columns, float* target) {
  const int block_rows = rows / kBlock * kBlock;
  const int block_columns = columns / kBlock * kBlock;
  // Down the columns inside: the rows written stay in the cache, those read are taken up by the prefetcher.
  for (int c = 0; c < block_columns; c += kBlock) {
    for (int r = 0; r < block_rows; r += kBlock) {
      transpose_block(source + static_cast<std::ptrdiff_t>(r) * columns + c, columns,
                      target + static_cast<std::ptrdiff_t>(c) * rows + r, rows);
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int c = r < block_rows ? block_columns : 0; c < columns; ++c) {
      target[static_cast<std::ptrdiff_t>(c) * rows + r] = source[static_cast<std::ptrdiff_t>(r) * columns + c];
    }
  }
}

}  // namespace prl

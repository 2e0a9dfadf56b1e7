// Dense matrix product for the small networks of this suite:
//
//   C[r][j] = bias[j] + sum over k of A[r][k] B[k][j],   k ascending, one fused multiply-add a term.
//
// Every element is one chain of multiply-adds in the order of k, in one lane. Its bits depend neither on the other rows
// of the batch nor on the width of the registers, which a library's product does not promise. Rows and columns are
// tiled so that the accumulators stay in registers; tails are computed like full tiles.
#pragma once

#include <cstddef>

namespace prl {

// Operands in floats; strides count floats. A may be transposed by swapping its strides. B and C are row-major.
struct MatrixProduct {
  int rows = 0;
  int columns = 0;
  int depth = 0;
  const float* a = nullptr;
  std::ptrdiff_t a_row_stride = 0;
  std::ptrdiff_t a_depth_stride = 1;
  const float* b = nullptr;
  std::ptrdiff_t b_stride = 0;
  const float* bias = nullptr;  // `columns` values, or null for zero.
  float* c = nullptr;
  std::ptrdiff_t c_stride = 0;
};

// Computes C. Operands must not overlap C; no alignment is needed. Does not allocate.
void multiply(const MatrixProduct& product);

}  // namespace prl

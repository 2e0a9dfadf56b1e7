// Orthogonalises a matrix by LibTorch's QR decomposition.
#pragma once

#include <span>

namespace prl {

// Replaces the row-major `matrix` [rows][columns] by the orthogonal factor of its QR decomposition (of its transpose's, if
// it is wide), with signs such that the diagonal of R is positive. Its shorter side becomes orthonormal.
void make_orthogonal(std::span<float> matrix, int rows, int columns);

}  // namespace prl

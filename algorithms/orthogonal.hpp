// Orthogonalises a matrix by LibTorch's QR decomposition.
#pragma once

#include <span>

namespace prl {

// Replaces the row-major `matrix` [rows][columns] by the nearest-signed orthogonal factor of its QR decomposition: its
// shorter side becomes orthonormal.
void make_orthogonal(std::span<float> matrix, int rows, int columns);

}  // namespace prl

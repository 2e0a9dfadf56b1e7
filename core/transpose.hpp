// Transposes small matrices.
#pragma once

namespace prl {

// Writes the transpose of the row-major `source` [rows][columns] to `target` [columns][rows]. They must not overlap.
void transpose(const float* source, int rows, int columns, float* target);

}  // namespace prl

#include "algorithms/orthogonal.hpp"

#include <torch/torch.h>

namespace prl {

void make_orthogonal(std::span<float> matrix, int rows, int columns) {
  const torch::NoGradGuard no_gradient;
  torch::Tensor view = torch::from_blob(matrix.data(), {rows, columns}, torch::kFloat32);
  const bool wide = rows < columns;
  // Double precision, so that the result does not depend on which LAPACK kernels the processor selects.
  const torch::Tensor tall = (wide ? view.t() : view).to(torch::kFloat64);
  auto [q, r] = torch::linalg_qr(tall);
  q = q * torch::sign(torch::diagonal(r));
  view.copy_(wide ? q.t() : q);
}

}  // namespace prl

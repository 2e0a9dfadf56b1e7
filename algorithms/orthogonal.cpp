#include "algorithms/orthogonal.hpp"

#include <torch/torch.h>

namespace prl {

void make_orthogonal(std::span<float> matrix, int rows, int columns) {
  const torch::NoGradGuard no_gradient;
  torch::Tensor view = torch::from_blob(matrix.data(), {rows, columns}, torch::kFloat32);
  const bool wide = rows < columns;
  // In double precision the LAPACK kernels of different processors differ far below a float's last place: their results
  // are the same floats but for the rare one on the border between two.
  const torch::Tensor tall = (wide ? view.t() : view).to(torch::kFloat64);
  auto [q, r] = torch::linalg_qr(tall);
  q = q * torch::sign(torch::diagonal(r));
  view.copy_(wide ? q.t() : q);
}

}  // namespace prl

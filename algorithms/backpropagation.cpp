#include "algorithms/backpropagation.hpp"

#include "algorithms/autograd_network.hpp"
#include "algorithms/flat_network.hpp"

namespace prl {

std::unique_ptr<DifferentiableNetwork> make_network(Backpropagation kind, const NetworkLayout& layout, int max_rows) {
  if (kind == Backpropagation::kAutograd) return std::make_unique<AutogradNetwork>(layout);
  return std::make_unique<FlatNetwork>(layout, max_rows);
}

}  // namespace prl

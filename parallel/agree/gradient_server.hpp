// A server that holds parameters and optimiser and takes gradients, as one of its workers sees it (Nair et al.,
// "Massively parallel methods for deep reinforcement learning" (Gorila), 2015, section 4).
#pragma once

#include <span>

#include "parallel/agree/parameter_agreement.hpp"

namespace prl {

class GradientServer {
 public:
  virtual ~GradientServer() = default;

  // Copies all parameters to `to`.
  virtual void pull(std::span<float> to) = 0;

  // Has the server step by `gradient`, computed from what was pulled last, of the given square sum; `segment_ends` with a
  // segment's last. The meeting's lag is the steps by others since that pull. Returns once the step is taken.
  virtual Meeting push(std::span<const float> gradient, double gradient_square_sum, bool segment_ends) = 0;
};

}  // namespace prl

// Initial parameters: orthogonal weights, zero biases.
//
//   W = gain * Q,  Q orthogonal from the QR decomposition of a Gaussian matrix with the signs of R's diagonal taken out;
//   gains: sqrt(2) for hidden layers, 0.01 for the policy head, 1 for the value head.
//
// Source: Saxe, McClelland, Ganguli (ICLR 2014), section 3; the gains are those of the PPO authors' code, where they are
// known to matter (Huang et al., "The 37 implementation details of PPO", 2022, detail 2). Deviation: none.
#pragma once

#include <cstdint>
#include <span>

#include "core/network_layout.hpp"

namespace prl {

// Fills `parameters` (layout.parameter_count floats) from `seed`.
void initialise_parameters(const NetworkLayout& layout, std::uint64_t seed, std::span<float> parameters);

}  // namespace prl

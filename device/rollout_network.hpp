// The networks that the rollout kernel knows: hidden layers of 64 units, the documents' small size, one to three of
// them, shared by both heads or not. All parameters lie in a block's shared memory, where NetworkLayout puts them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/network_layout.hpp"

namespace prl {

inline constexpr std::int32_t kRolloutWidth = 64;
inline constexpr std::int32_t kRolloutMostLayers = 3;

// NetworkLayout without memory of its own, to be passed to a kernel by value.
struct RolloutNetwork {
  std::array<std::array<DenseLayer, kRolloutMostLayers>, 2> stacks;  // of a shared trunk, the first alone
  std::int32_t layers = 0;                                           // of a stack
  bool shared_trunk = true;
  Activation activation = Activation::kTanh;
  DenseLayer policy_head;
  DenseLayer value_head;
  std::size_t log_std_offset = 0;
  std::size_t parameter_count = 0;
};

// Throws std::invalid_argument, one line, for a network that the kernel does not know.
RolloutNetwork rollout_network(const NetworkLayout& layout);

}  // namespace prl

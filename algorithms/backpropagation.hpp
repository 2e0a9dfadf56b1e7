// How gradients are computed: own kernels with the backward pass written out, or LibTorch's autograd.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "algorithms/differentiable_network.hpp"
#include "algorithms/setting_field.hpp"

namespace prl {

enum class Backpropagation { kFlat, kAutograd };

inline SettingField backpropagation_field(Backpropagation& value) {
  return choice_field("backpropagation", value, {"flat", "autograd"}, "own kernels, or LibTorch's autograd");
}

// The network that computes gradients in this way, for up to `max_rows` rows.
std::unique_ptr<DifferentiableNetwork> make_network(Backpropagation kind, const NetworkLayout& layout, int max_rows);

}  // namespace prl

// How gradients are computed: own kernels with the backward pass written out, or LibTorch's autograd.
#pragma once

#include <string_view>
#include <vector>

#include "algorithms/setting_field.hpp"

namespace prl {

enum class Backpropagation { kFlat, kAutograd };

inline SettingField backpropagation_field(Backpropagation& value) {
  return choice_field("backpropagation", value, {"flat", "autograd"}, "own kernels, or LibTorch's autograd");
}

}  // namespace prl

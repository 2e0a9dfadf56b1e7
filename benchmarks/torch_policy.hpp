// The same network as LibTorch modules without gradients: what a LibTorch user would act with, and what the acting kernel
// is compared with.
//
// LibTorch's types stay out of this header, so that few files compile them.
#pragma once

#include <memory>

#include "core/network_layout.hpp"

namespace prl {

class TorchPolicy {
 public:
  // Copies `parameters` (flat, layout.parameter_count floats) into modules.
  TorchPolicy(const NetworkLayout& layout, const float* parameters);
  ~TorchPolicy();

  // `observations` [rows][observation_size]; writes heads [rows][head_size] and values [rows].
  void forward(const float* observations, int rows, float* heads, float* values);

 private:
  struct Modules;
  std::unique_ptr<Modules> modules_;
};

}  // namespace prl

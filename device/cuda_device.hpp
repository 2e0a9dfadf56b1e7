// Whether this build has GPU kernels, and the GPU that they would run on.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace prl {

// A device, a launch or its memory failed. what() is one line for a user: what is wrong and what to do.
struct DeviceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct CudaDevice {
  std::string name;
  std::string driver;      // the newest CUDA version that the driver knows, e.g. "13.0"
  std::string capability;  // e.g. "9.0"
  int multiprocessors = 0;
  std::size_t memory_bytes = 0;
  std::size_t free_bytes = 0;
};

// The device that kernels run on, the first one visible, or one line why there is none.
struct CudaDeviceAnswer {
  std::optional<CudaDevice> device;
  std::string reason;
};

// The version of the CUDA toolkit that the kernels were built with; empty in a build without kernels.
std::string_view cuda_toolkit_version();

// Starts the driver, which takes some tenths of a second where there is one; a process that forks later must not call it.
CudaDeviceAnswer find_cuda_device();

}  // namespace prl

// The device's form of device/host_block.hpp, and of a launch's index.
#pragma once

#include "core/loop_hints.hpp"
#include "device/thread_index.hpp"

namespace prl {

__device__ inline ThreadIndex this_thread() {
  return {static_cast<std::int32_t>(blockIdx.x), static_cast<std::int32_t>(threadIdx.x),
          static_cast<std::int32_t>(blockDim.x)};
}

// Members are for host and device so that a body for both may call them; the host never does.
template <typename Own>
class CudaBlock {
 public:
  PRL_HOST_DEVICE explicit CudaBlock(float* shared) : shared_(shared) {}

  PRL_HOST_DEVICE float* shared() { return shared_; }

  template <typename Work>
  PRL_HOST_DEVICE PRL_DEVICE_INLINE void phase(const Work& work) {
#if defined(__CUDA_ARCH__)
    work(this_thread(), own_);
    __syncthreads();
#endif
  }

  template <typename Ask>
  PRL_HOST_DEVICE PRL_DEVICE_INLINE bool any(const Ask& ask) {
#if defined(__CUDA_ARCH__)
    return __syncthreads_or(ask(own_)) != 0;
#else
    return false;
#endif
  }

 private:
  Own own_;
  float* shared_;
};

}  // namespace prl

#include "device/cuda_device.hpp"

#include "device/cuda_check.cuh"

namespace prl {
namespace {

// Asked for, never launched: whether this build has code for the device.
__global__ void probe() {}

std::string version_name(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string why_no_device(cudaError_t status) {
  if (status == cudaErrorNoDevice) {
    return "no CUDA device: the driver sees no GPU; check nvidia-smi and CUDA_VISIBLE_DEVICES";
  }
  if (status == cudaErrorInsufficientDriver) {
    int driver = 0;
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
      return "no CUDA device: this machine has no NVIDIA driver; install it, or run where there is one";
    }
    return "no CUDA device: the driver knows CUDA " + version_name(driver) + ", the kernels were built with " +
           PRL_CUDA_VERSION ": install a newer driver, or build with an older toolkit";
  }
  return std::string("no CUDA device: ") + cudaGetErrorString(status);
}

}  // namespace

std::string_view cuda_toolkit_version() { return PRL_CUDA_VERSION; }

CudaDeviceAnswer find_cuda_device() {
  int count = 0;
  if (const cudaError_t status = cudaGetDeviceCount(&count); status != cudaSuccess) {
    (void)cudaGetLastError();
    return {std::nullopt, why_no_device(status)};
  }
  if (count == 0) return {std::nullopt, why_no_device(cudaErrorNoDevice)};
  cudaDeviceProp properties{};
  int driver = 0;
  check_cuda(cudaGetDeviceProperties(&properties, 0), "asking for its properties");
  check_cuda(cudaDriverGetVersion(&driver), "asking for its driver's version");
  CudaDevice device;
  device.name = properties.name;
  device.driver = version_name(driver);
  device.capability = std::to_string(properties.major) + "." + std::to_string(properties.minor);
  device.multiprocessors = properties.multiProcessorCount;
  cudaFuncAttributes attributes{};
  if (const cudaError_t status = cudaFuncGetAttributes(&attributes, probe); status != cudaSuccess) {
    (void)cudaGetLastError();
    return {std::nullopt, "no CUDA device: " + device.name + " has compute capability " + device.capability +
                              ", the kernels were built for " PRL_CUDA_TARGETS
                              ": build with -DPRL_CUDA_ARCHITECTURES=" +
                              std::to_string(properties.major * 10 + properties.minor)};
  }
  check_cuda(cudaMemGetInfo(&device.free_bytes, &device.memory_bytes), "asking for its free memory");
  return {device, ""};
}

}  // namespace prl

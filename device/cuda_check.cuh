// Errors of the CUDA runtime as exceptions, and memory of the device that frees itself.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <string>
#include <utility>

#include "device/cuda_device.hpp"

namespace prl {

// Throws DeviceError with what was being done and the runtime's own words.
inline void check_cuda(cudaError_t status, const char* doing) {
  if (status == cudaSuccess) return;
  throw DeviceError(std::string("GPU: ") + doing + " failed: " + cudaGetErrorString(status));
}

// `count` elements on the device, not initialised.
template <typename T>
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::size_t count) : count_(count) {
    const std::size_t bytes = count * sizeof(T);
    if (cudaMalloc(&data_, bytes) == cudaSuccess) return;
    (void)cudaGetLastError();
    std::size_t free_bytes = 0, all_bytes = 0;
    check_cuda(cudaMemGetInfo(&free_bytes, &all_bytes), "asking for its free memory");
    throw DeviceError("too little GPU memory: " + std::to_string(bytes >> 20) + " MiB more are wanted and " +
                      std::to_string(free_bytes >> 20) + " MiB are free: take fewer environments or shorter segments");
  }
  ~DeviceBuffer() { (void)cudaFree(data_); }
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }

  T* data() const { return data_; }
  std::size_t size() const { return count_; }

  void copy_from(const T* host) const {
    check_cuda(cudaMemcpy(data_, host, count_ * sizeof(T), cudaMemcpyHostToDevice), "copying to it");
  }
  void copy_to(T* host) const {
    check_cuda(cudaMemcpy(host, data_, count_ * sizeof(T), cudaMemcpyDeviceToHost), "copying from it");
  }

 private:
  T* data_ = nullptr;
  std::size_t count_ = 0;
};

// Seconds of device time between two points of the default stream.
class DeviceTimer {
 public:
  DeviceTimer() {
    check_cuda(cudaEventCreate(&begin_), "making an event");
    check_cuda(cudaEventCreate(&end_), "making an event");
  }
  ~DeviceTimer() {
    (void)cudaEventDestroy(begin_);
    (void)cudaEventDestroy(end_);
  }
  DeviceTimer(const DeviceTimer&) = delete;
  DeviceTimer& operator=(const DeviceTimer&) = delete;

  void start() const { check_cuda(cudaEventRecord(begin_), "recording an event"); }
  // Waits for all that was launched since start().
  double stop() const {
    check_cuda(cudaGetLastError(), "launching a kernel");
    check_cuda(cudaEventRecord(end_), "recording an event");
    check_cuda(cudaEventSynchronize(end_), "running a kernel");
    float milliseconds = 0.0F;
    check_cuda(cudaEventElapsedTime(&milliseconds, begin_, end_), "reading an event");
    return 1e-3 * static_cast<double>(milliseconds);
  }

 private:
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

}  // namespace prl

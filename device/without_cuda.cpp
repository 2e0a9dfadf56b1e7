// A build without kernels: every question about a device has the same answer.
#include "device/cuda_device.hpp"
#include "device/policy_rollout_run.hpp"
#include "device/q_learning_run.hpp"
#include "device/random_step_run.hpp"

namespace prl {
namespace {

constexpr const char* kNoKernels =
    "no CUDA device: this build has no GPU kernels; put nvcc 12 or later on the PATH and build again";

}  // namespace

std::string_view cuda_toolkit_version() { return ""; }

CudaDeviceAnswer find_cuda_device() { return {std::nullopt, kNoKernels}; }

std::unique_ptr<RandomStepRun> random_steps_on_device(std::string_view, std::uint64_t, int) {
  throw DeviceError(kNoKernels);
}

std::unique_ptr<PolicyRolloutRun> policy_rollouts_on_device(const PolicyRolloutSetting&, const NetworkLayout&) {
  throw DeviceError(kNoKernels);
}

std::unique_ptr<QLearningRun> q_learning_on_device(const FlatTable&, const QLearningSetting&) {
  throw DeviceError(kNoKernels);
}

}  // namespace prl

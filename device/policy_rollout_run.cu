// The device's form: one launch a segment, 128 environments a block.
#include "device/policy_rollout_run.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>

#include "device/cuda_block.cuh"
#include "device/cuda_check.cuh"
#include "device/environment_types.hpp"
#include "device/policy_rollout.hpp"

namespace prl {
namespace {

template <Environment E>
__global__ void __launch_bounds__(kRolloutThreads) begin_kernel(EnvironmentArrays<E> environments) {
  begin_episode(this_thread(), environments, 0);
}

// Three blocks a multiprocessor fit into its shared memory with two networks of 64x64 and leave 168 registers a thread.
template <Environment E>
__global__ void __launch_bounds__(kRolloutThreads, 3) rollout_kernel(const __grid_constant__ PolicyRollout<E> rollout) {
  extern __shared__ __align__(16) float shared[];
  CudaBlock<typename PolicyRollout<E>::Own> block(shared);
  rollout.collect(block);
}

__global__ void __launch_bounds__(kRolloutThreads)
    advantage_kernel(TimeMajorSegment segment, float gamma, float lambda, float* advantages, float* returns) {
  device_generalised_advantage(this_thread(), segment, gamma, lambda, advantages, returns);
}

__global__ void __launch_bounds__(kRolloutThreads)
    vtrace_kernel(TimeMajorSegment segment, const float* log_ratios, DeviceVtrace coefficients, float* targets,
                  float* advantages) {
  device_vtrace(this_thread(), segment, log_ratios, coefficients, targets, advantages);
}

template <Environment E>
class DeviceRun final : public PolicyRolloutRun {
 public:
  using Rollout = PolicyRollout<E>;

  DeviceRun(const PolicyRolloutSetting& setting, const NetworkLayout& layout)
      : parameters_(layout.parameter_count),
        states_(static_cast<std::size_t>(setting.environments) * E::kStateSize),
        elapsed_(static_cast<std::size_t>(setting.environments)),
        floats_(segment_floats(setting.steps, setting.environments, E::kObservationSize, E::kActionSize)),
        ends_(static_cast<std::size_t>(setting.steps) * static_cast<std::size_t>(setting.environments)),
        on_host_(setting.steps, setting.environments, E::kObservationSize, E::kActionSize) {
    rollout_.environments = {setting.seed, 0, setting.environments, states_.data(), elapsed_.data()};
    rollout_.network = rollout_network(layout);
    rollout_.parameters = parameters_.data();
    rollout_.out = place_segment(setting.steps, setting.environments, E::kObservationSize, E::kActionSize,
                                 floats_.data(), ends_.data());
    check_cuda(cudaFuncSetAttribute(rollout_kernel<E>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(shared_bytes())),
               "asking for shared memory for the network's parameters");
    timer_.start();
    begin_kernel<E><<<blocks(), kRolloutThreads>>>(rollout_.environments);
    (void)timer_.stop();
  }

  double collect(const float* parameters) override {
    parameters_.copy_from(parameters);
    timer_.start();
    rollout_kernel<E><<<blocks(), kRolloutThreads, shared_bytes()>>>(rollout_);
    rollout_.first_step += static_cast<std::uint64_t>(rollout_.out.steps);
    return timer_.stop();
  }

  const TimeMajorSegment& segment() override {
    floats_.copy_to(on_host_.floats().data());
    ends_.copy_to(on_host_.ends().data());
    return on_host_.view();
  }

  SegmentReturns generalised_advantage(float gamma, float lambda) override {
    return with_returns([&](float* advantages, float* targets) {
      advantage_kernel<<<blocks(), kRolloutThreads>>>(rollout_.out, gamma, lambda, advantages, targets);
    });
  }

  SegmentReturns vtrace(const float* log_ratios, const DeviceVtrace& coefficients) override {
    const DeviceBuffer<float> ratios(rollout_.out.rows());
    ratios.copy_from(log_ratios);
    return with_returns([&](float* advantages, float* targets) {
      vtrace_kernel<<<blocks(), kRolloutThreads>>>(rollout_.out, ratios.data(), coefficients, targets, advantages);
    });
  }

 private:
  std::int32_t blocks() const { return covering_blocks(rollout_.environments.count, kRolloutThreads); }
  std::size_t shared_bytes() const { return Rollout::shared_floats(rollout_.network) * sizeof(float); }

  template <typename Launch>
  SegmentReturns with_returns(const Launch& launch) const {
    const std::size_t rows = rollout_.out.rows();
    const DeviceBuffer<float> advantages(rows), targets(rows);
    timer_.start();
    launch(advantages.data(), targets.data());
    SegmentReturns out{timer_.stop(), std::vector<float>(rows), std::vector<float>(rows)};
    advantages.copy_to(out.advantages.data());
    targets.copy_to(out.targets.data());
    return out;
  }

  DeviceBuffer<float> parameters_;
  DeviceBuffer<float> states_;
  DeviceBuffer<std::int32_t> elapsed_;
  DeviceBuffer<float> floats_;
  DeviceBuffer<std::uint8_t> ends_;
  HostSegment on_host_;
  Rollout rollout_;
  DeviceTimer timer_;
};

}  // namespace

std::unique_ptr<PolicyRolloutRun> policy_rollouts_on_device(const PolicyRolloutSetting& setting,
                                                            const NetworkLayout& layout) {
  if (const CudaDeviceAnswer answer = find_cuda_device(); !answer.device) throw DeviceError(answer.reason);
  std::unique_ptr<PolicyRolloutRun> run;
  const bool known = visit_environment(setting.environment, [&](auto type) {
    run = std::make_unique<DeviceRun<typename decltype(type)::type>>(setting, layout);
  });
  if (!known) {
    throw std::invalid_argument("no environment is called '" + std::string(setting.environment) + "': see prl list");
  }
  return run;
}

}  // namespace prl

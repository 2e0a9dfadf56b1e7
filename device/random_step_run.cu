// The device's form: one launch a segment, a thread an environment.
#include "device/random_step_run.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>

#include "device/cuda_block.cuh"
#include "device/cuda_check.cuh"
#include "device/environment_types.hpp"
#include "device/random_steps.hpp"

namespace prl {
namespace {

constexpr int kBlockThreads = 128;

template <Environment E>
__global__ void __launch_bounds__(kBlockThreads) begin_kernel(EnvironmentArrays<E> environments) {
  begin_episode(this_thread(), environments, 0);
}

template <Environment E>
__global__ void __launch_bounds__(kBlockThreads)
    steps_kernel(EnvironmentArrays<E> environments, std::uint64_t first_step, std::int32_t steps, RandomStepSums sums) {
  take_random_steps(this_thread(), environments, first_step, steps, sums);
}

template <Environment E>
class DeviceRun final : public RandomStepRun {
 public:
  DeviceRun(std::uint64_t seed, int count)
      : states_(static_cast<std::size_t>(count) * E::kStateSize),
        elapsed_(static_cast<std::size_t>(count)),
        rewards_(static_cast<std::size_t>(count)),
        episodes_(static_cast<std::size_t>(count)),
        environments_{seed, 0, count, states_.data(), elapsed_.data()} {
    timer_.start();
    begin_kernel<E><<<covering_blocks(count, kBlockThreads), kBlockThreads>>>(environments_);
    (void)timer_.stop();
  }

  double take(int steps) override {
    timer_.start();
    steps_kernel<E><<<covering_blocks(environments_.count, kBlockThreads), kBlockThreads>>>(
        environments_, steps_, steps, RandomStepSums{rewards_.data(), episodes_.data()});
    steps_ += static_cast<std::uint64_t>(steps);
    return timer_.stop();
  }

  RandomStepOutcome outcome() const override {
    RandomStepOutcome now;
    now.states.resize(states_.size());
    now.elapsed.resize(elapsed_.size());
    now.rewards.resize(rewards_.size());
    now.episodes.resize(episodes_.size());
    states_.copy_to(now.states.data());
    elapsed_.copy_to(now.elapsed.data());
    rewards_.copy_to(now.rewards.data());
    episodes_.copy_to(now.episodes.data());
    return now;
  }

 private:
  DeviceBuffer<float> states_;
  DeviceBuffer<std::int32_t> elapsed_;
  DeviceBuffer<float> rewards_;
  DeviceBuffer<std::int32_t> episodes_;
  EnvironmentArrays<E> environments_;
  std::uint64_t steps_ = 0;
  DeviceTimer timer_;
};

}  // namespace

std::unique_ptr<RandomStepRun> random_steps_on_device(std::string_view environment, std::uint64_t seed, int count) {
  if (const CudaDeviceAnswer answer = find_cuda_device(); !answer.device) throw DeviceError(answer.reason);
  std::unique_ptr<RandomStepRun> run;
  const bool known = visit_environment(
      environment, [&](auto type) { run = std::make_unique<DeviceRun<typename decltype(type)::type>>(seed, count); });
  if (!known) throw std::invalid_argument("no environment is called '" + std::string(environment) + "': see prl list");
  return run;
}

}  // namespace prl

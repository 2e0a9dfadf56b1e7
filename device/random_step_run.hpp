// Many environments under a random policy, a segment a launch, on the device or, as its check, on the host.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace prl {

// What the environments hold after the segments so far; arrays as on the device.
struct RandomStepOutcome {
  std::vector<float> states;           // [state size][environments]
  std::vector<std::int32_t> elapsed;   // [environments], steps since the reset
  std::vector<float> rewards;          // [environments], of the last segment
  std::vector<std::int32_t> episodes;  // [environments] that ended in the last segment

  bool operator==(const RandomStepOutcome&) const = default;
};

class RandomStepRun {
 public:
  virtual ~RandomStepRun() = default;

  // A segment of `steps` steps of every environment; episodes go on where the last one left them. Returns the seconds
  // that the kernel took, on the device by its own events. Throws DeviceError.
  virtual double take(int steps) = 0;

  virtual RandomStepOutcome outcome() const = 0;
};

// `count` environments from number 0 on, all reset. Throws std::invalid_argument for a name that envs/registry.hpp does
// not have, DeviceError where there is no device or too little memory.
std::unique_ptr<RandomStepRun> random_steps_on_device(std::string_view environment, std::uint64_t seed, int count);
std::unique_ptr<RandomStepRun> random_steps_on_host(std::string_view environment, std::uint64_t seed, int count);

}  // namespace prl

// Segments of a policy, collected on the device or, as its check, by the same body on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/network_layout.hpp"
#include "device/host_block.hpp"
#include "device/returns.hpp"
#include "device/time_major_segment.hpp"

namespace prl {

struct PolicyRolloutSetting {
  std::string_view environment;
  std::uint64_t seed = 0;
  int environments = 0;
  int steps = 0;  // of a segment
};

// Of the last segment, [T][N] each; targets are the returns of generalised advantages, or V-trace's v_t.
struct SegmentReturns {
  double seconds = 0.0;  // of the kernel
  std::vector<float> advantages;
  std::vector<float> targets;
};

class PolicyRolloutRun {
 public:
  virtual ~PolicyRolloutRun() = default;

  // One segment with `parameters` (flat, NetworkLayout); episodes go on where the last one left them. Returns the seconds
  // of the kernel, on the device by its own events, without copies. Throws DeviceError.
  virtual double collect(const float* parameters) = 0;

  // The last segment, on the host; valid until the next collect().
  virtual const TimeMajorSegment& segment() = 0;

  // Computed where the segment lies (device/returns.hpp). `log_ratios`: [T][N], on the host.
  virtual SegmentReturns generalised_advantage(float gamma, float lambda) = 0;
  virtual SegmentReturns vtrace(const float* log_ratios, const DeviceVtrace& coefficients) = 0;
};

// From new episodes of all environments on. Throw std::invalid_argument for an unknown environment or a network that the
// kernel does not know, DeviceError where there is no device or it has too little memory.
std::unique_ptr<PolicyRolloutRun> policy_rollouts_on_device(const PolicyRolloutSetting& setting,
                                                            const NetworkLayout& layout);
std::unique_ptr<PolicyRolloutRun> policy_rollouts_on_host(const PolicyRolloutSetting& setting,
                                                          const NetworkLayout& layout,
                                                          ThreadOrder order = ThreadOrder::kForwards);

// A time-major segment in the host's memory.
class HostSegment {
 public:
  HostSegment(int steps, int environments, int observation_size, int action_size);
  HostSegment(const HostSegment&) = delete;
  HostSegment& operator=(const HostSegment&) = delete;

  const TimeMajorSegment& view() const { return view_; }
  // All floats, field after field, in the order of TimeMajorSegment's members; and their number in a segment of `rows`.
  std::vector<float>& floats() { return floats_; }
  std::vector<std::uint8_t>& ends() { return ends_; }

 private:
  std::vector<float> floats_;
  std::vector<std::uint8_t> ends_;
  TimeMajorSegment view_;
};

// The view of a segment whose fields lie one after the other from `floats` on, in the order of its members.
TimeMajorSegment place_segment(int steps, int environments, int observation_size, int action_size, float* floats,
                               std::uint8_t* ends);
// How many floats that is.
std::size_t segment_floats(int steps, int environments, int observation_size, int action_size);

}  // namespace prl

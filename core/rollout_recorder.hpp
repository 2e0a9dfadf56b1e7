// The policy's half of collecting: chooses actions for a batch of environments and writes their trajectories.
//
// One step t of environment e:  a_t ~ pi(. | s_t; theta), or by action values (core/exploration.hpp),  recorded with s_t,
// log pi(a_t | s_t), V(s_t), then with the reward, how the episode ended, and the bootstrap value where the recursion is
// cut (core/segment.hpp). The random numbers of (environment, step) do not depend on which batch the environment is in,
// so recording in one worker or in sixteen gives the same bits.
#pragma once

#include <cstdint>

#include "core/aligned_buffer.hpp"
#include "core/exploration.hpp"
#include "core/network_layout.hpp"
#include "core/policy_kernel.hpp"
#include "core/random.hpp"
#include "core/segment.hpp"

namespace prl {

class RolloutRecorder {
 public:
  // For the environments [first, first + count) of a run with this seed.
  RolloutRecorder(const NetworkLayout& layout, std::uint64_t seed, int first, int count,
                  const ExplorationSetting& exploration = {});

  // Chooses the actions of step `t` of the segment for `observations` [count][observation_size] and writes
  // observations, actions, log_probs, values, and action values where the segment keeps them. Returns the actions,
  // [count][action_size].
  const float* act(const float* parameters, const float* observations, int t, const SegmentView& out);

  // Writes what the environments answered at step `t`: [count] rewards and ends, and bootstrap values from the final
  // observations of truncated episodes, which are kept where the segment has rows for them. `next_observations` is read
  // at the segment's last step.
  void record(const float* parameters, const float* rewards, const std::uint8_t* ends, const float* final_observations,
              const float* next_observations, int t, const SegmentView& out);

  // The same where the segment ends with step `t` if `last` says so, and only then.
  void record(const float* parameters, const float* rewards, const std::uint8_t* ends, const float* final_observations,
              const float* next_observations, int t, bool last, const SegmentView& out);

  // From now on random numbers are those of that step of the run.
  void continue_at(std::uint64_t step) { step_ = step; }
  // Steps of the run so far.
  std::uint64_t step() const { return step_; }

 private:
  // Chooses the action of environment i from its row of heads_; returns its log-probability.
  float choose(const float* parameters, int i, float* action);
  // V of row `row` of the outputs, or the greatest action value where the segment keeps those.
  float state_value(int row, const SegmentLayout& segment) const;
  void write_bootstrap(const float* parameters, const std::uint8_t* ends, const float* final_observations,
                       const float* next_observations, int t, bool last, const SegmentView& out);

  NetworkLayout layout_;
  std::uint64_t seed_;
  int first_;
  int count_;
  ExplorationSetting exploration_;
  std::uint64_t step_ = 0;
  PolicyKernel kernel_;
  AlignedBuffer<float> heads_;
  AlignedBuffer<float> values_;
  AlignedBuffer<float> actions_;
  AlignedBuffer<float> cut_observations_;
  AlignedBuffer<int> cut_rows_;
  AlignedBuffer<int> cuts_so_far_;  // of each environment in this segment
};

// One action from the policy head's outputs: sampled with `rng`, or the mode of the distribution where `rng` is null.
// Writes spec.action_size() floats; returns the action's log-probability.
float choose_action(const NetworkSpec& spec, const float* head, const float* log_std, Rng* rng, float* action);

}  // namespace prl

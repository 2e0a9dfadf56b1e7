// The policy's half of collecting whole episodes: every environment plays its quota and is idle from then on.
//
// Environments that are idle cost no inference: the policy acts for the others alone, which does not change their bits
// (core/policy_kernel.hpp). Quotas are fixed for each environment, so that short episodes are not preferred, as 'the first
// n to finish' would. Nothing is bootstrapped. Random numbers count steps on from round to round as if every round had
// all of the segment's steps, so they do not depend on how long others play.
#pragma once

#include <cstdint>

#include "core/aligned_buffer.hpp"
#include "core/network_layout.hpp"
#include "core/policy_kernel.hpp"
#include "core/segment.hpp"

namespace prl {

class EpisodeRecorder {
 public:
  // For the environments [first, first + count) of a run with this seed, each with `quota` episodes a segment.
  EpisodeRecorder(const NetworkLayout& layout, std::uint64_t seed, int first, int count, int quota);

  // Before a segment's first step, which is the run's step `first_step` of each environment: all are to play again.
  void begin(std::uint64_t first_step);

  // Environments that have not played their quota yet.
  int live() const { return live_count_; }

  // Chooses the actions of step `t` for `observations` [count][observation_size] and writes observations, actions,
  // log_probs and values of live environments. Returns the actions, [count][action_size]; an idle environment's is any.
  const float* act(const float* parameters, const float* observations, int t, const SegmentView& out);

  // Writes what live environments answered at step `t`, [count] rewards and ends; the steps after an environment's last
  // episode are marked absent.
  void record(const float* rewards, const std::uint8_t* ends, int t, const SegmentView& out);

 private:
  NetworkLayout layout_;
  std::uint64_t seed_;
  int first_;
  int count_;
  int quota_;
  std::uint64_t first_step_ = 0;
  int live_count_ = 0;
  AlignedBuffer<int> live_;      // the live environments, in order
  AlignedBuffer<int> episodes_;  // that each has played
  PolicyKernel kernel_;
  AlignedBuffer<float> live_observations_;
  AlignedBuffer<float> heads_;
  AlignedBuffer<float> values_;
  AlignedBuffer<float> actions_;
};

}  // namespace prl

// A run of few environments with a small network: what tests of collecting and learning are made on.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/rollout_actor.hpp"
#include "core/segment.hpp"
#include "tests/network_cases.hpp"

namespace prl::test {

inline constexpr std::uint64_t kRunSeed = 71;

template <Environment E>
NetworkSpec network_for(std::vector<int> hidden, bool shared_trunk, Activation activation) {
  return network_spec(E::kObservationSize, E::kDiscrete ? E::kActionCount : E::kActionSize,
                      E::kDiscrete ? ActionKind::kDiscrete : ActionKind::kContinuous, std::move(hidden), shared_trunk,
                      activation);
}

inline SegmentLayout segment_layout(const NetworkSpec& spec, int steps) {
  return {steps, spec.observation_size, spec.action_size()};
}

// The blocks of `environments` environments, zeroed, so that padding compares equal.
class Blocks {
 public:
  Blocks(const SegmentLayout& layout, int environments)
      : bytes_(layout.block_bytes() * static_cast<std::size_t>(environments)),
        view_(layout, bytes_.data(), 0, environments) {}

  const SegmentView& view() const { return view_; }
  std::vector<std::byte> copy() const { return {bytes_.data(), bytes_.data() + bytes_.size()}; }

 private:
  AlignedBuffer<std::byte> bytes_;
  SegmentView view_;
};

// Collects rounds serially with given parameters.
template <Environment E>
class SerialRun {
 public:
  SerialRun(const NetworkSpec& spec, int environments, int steps)
      : blocks_(segment_layout(spec, steps), environments),
        actor_({.layout = NetworkLayout(spec), .seed = kRunSeed, .step_cost = {}}, 0, environments) {}

  const SegmentView& collect(const float* parameters) {
    const std::atomic<bool> stop{false};
    actor_.collect(parameters, blocks_.view(), stop);
    return blocks_.view();
  }

 private:
  Blocks blocks_;
  RolloutActor<E> actor_;
};

}  // namespace prl::test

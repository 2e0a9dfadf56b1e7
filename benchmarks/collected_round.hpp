// One round's trajectories under a preset's initial policy: what benchmarks of learning learn from again and again.
#pragma once

#include <atomic>
#include <cstddef>

#include "benchmarks/preset_network.hpp"
#include "core/aligned_buffer.hpp"
#include "core/learner.hpp"
#include "core/segment.hpp"

namespace prl {

class CollectedRound {
 public:
  // Of a round as the preset's rule wants it, in `environments` environments.
  CollectedRound(const PresetNetwork& network, int environments, std::uint64_t seed)
      : environments_(environments), layout_(layout_for(network, environments)) {
    blocks_ = AlignedBuffer<std::byte>(layout_.block_bytes() * static_cast<std::size_t>(environments));
    const int episodes_each = needs_of(network.preset.setting).episodes / environments;
    const auto actor = network.environment->actors(
        {.layout = network.layout, .seed = seed, .step_cost = {}, .episodes_each = episodes_each})(0, environments);
    actor->collect(network.parameters.data(), segment(), std::atomic<bool>(false));
  }

  SegmentView segment() { return {layout_, blocks_.data(), 0, environments_}; }

  LearnerPlan plan(ShardPlan shards, std::uint64_t seed) const {
    return {shards, environments_, layout_.steps, seed, 1, layout_.cut_rows};
  }

 private:
  static SegmentLayout layout_for(const PresetNetwork& network, int environments) {
    const CollectionNeeds needs = needs_of(network.preset.setting);
    const int time_limit = network.environment->info().time_limit;
    SegmentLayout layout{network.preset.steps_per_round / environments, network.layout.spec.observation_size,
                         network.layout.spec.action_size()};
    if (needs.episodes > 0) layout.steps = needs.episodes / environments * time_limit;
    if (needs.cut_observations) layout.cut_rows = most_cuts(layout.steps, time_limit);
    return layout;
  }

  int environments_;
  SegmentLayout layout_;
  AlignedBuffer<std::byte> blocks_;
};

}  // namespace prl

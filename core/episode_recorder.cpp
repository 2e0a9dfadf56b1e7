#include "core/episode_recorder.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "core/random.hpp"
#include "core/rollout_recorder.hpp"

namespace prl {
namespace {

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

}  // namespace

EpisodeRecorder::EpisodeRecorder(const NetworkLayout& layout, std::uint64_t seed, int first, int count, int quota)
    : layout_(layout),
      seed_(seed),
      first_(first),
      count_(count),
      quota_(quota),
      live_(product(count, 1)),
      episodes_(product(count, 1)),
      kernel_(layout, count),
      live_observations_(product(count, layout.spec.observation_size)),
      heads_(product(count, layout.spec.head_size)),
      values_(product(count, 1)),
      actions_(product(count, layout.spec.action_size())) {}

void EpisodeRecorder::begin(std::uint64_t first_step) {
  first_step_ = first_step;
  live_count_ = count_;
  std::iota(live_.data(), live_.data() + count_, 0);
  std::fill_n(episodes_.data(), count_, 0);
}

const float* EpisodeRecorder::act(const float* parameters, const float* observations, int t, const SegmentView& out) {
  const NetworkSpec& spec = layout_.spec;
  const int observation_size = spec.observation_size;
  const int action_size = spec.action_size();
  for (int l = 0; l < live_count_; ++l) {
    const int i = live_[static_cast<std::size_t>(l)];
    std::copy_n(observations + i * observation_size, observation_size,
                live_observations_.data() + l * observation_size);
  }
  kernel_.forward(parameters, live_observations_.data(), live_count_, heads_.data(), values_.data());
  for (int l = 0; l < live_count_; ++l) {
    const int i = live_[static_cast<std::size_t>(l)];
    const TrajectoryView trajectory = out.trajectory(i);
    float* action = trajectory.actions + t * action_size;
    Rng rng(seed_, RandomPurpose::kAction, static_cast<std::uint32_t>(first_ + i),
            first_step_ + static_cast<std::uint64_t>(t));
    trajectory.log_probs[t] =
        choose_action(spec, heads_.data() + l * spec.head_size, parameters + layout_.log_std_offset, &rng, action);
    trajectory.values[t] = values_[static_cast<std::size_t>(l)];
    std::copy_n(observations + i * observation_size, observation_size, trajectory.observations + t * observation_size);
    std::copy_n(action, action_size, actions_.data() + i * action_size);
  }
  return actions_.data();
}

void EpisodeRecorder::record(const float* rewards, const std::uint8_t* ends, int t, const SegmentView& out) {
  int still_live = 0;
  for (int l = 0; l < live_count_; ++l) {
    const int i = live_[static_cast<std::size_t>(l)];
    const TrajectoryView trajectory = out.trajectory(i);
    trajectory.rewards[t] = rewards[i];
    trajectory.ends[t] = ends[i];
    trajectory.bootstrap[t] = 0.0F;
    if (ends[i] != 0 && ++episodes_[static_cast<std::size_t>(i)] == quota_) {
      std::fill(trajectory.ends + t + 1, trajectory.ends + out.layout().steps, kAbsent);
    } else {
      live_[static_cast<std::size_t>(still_live++)] = i;
    }
  }
  live_count_ = still_live;
}

}  // namespace prl

#include "core/rollout_recorder.hpp"

#include <algorithm>

#include "core/action_distribution.hpp"
#include "core/action_values.hpp"
#include "core/episode_end.hpp"
#include "core/random.hpp"

namespace prl {
namespace {

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

}  // namespace

float choose_action(const NetworkSpec& spec, const float* head, const float* log_std, Rng* rng, float* action) {
  if (spec.action_kind == ActionKind::kContinuous) {
    if (rng != nullptr) {
      sample_gaussian(head, log_std, spec.head_size, *rng, action);
    } else {
      std::copy_n(head, spec.head_size, action);
    }
    return gaussian_log_prob(head, log_std, action, spec.head_size);
  }
  const int index =
      rng != nullptr ? sample_categorical(head, spec.head_size, *rng) : greedy_categorical(head, spec.head_size);
  action[0] = static_cast<float>(index);
  return categorical_log_prob(head, spec.head_size, index);
}

RolloutRecorder::RolloutRecorder(const NetworkLayout& layout, std::uint64_t seed, int first, int count,
                                 const ExplorationSetting& exploration)
    : layout_(layout),
      seed_(seed),
      first_(first),
      count_(count),
      exploration_(exploration),
      kernel_(layout, count),
      heads_(product(count, layout.spec.head_size)),
      values_(product(count, 1)),
      actions_(product(count, layout.spec.action_size())),
      cut_observations_(product(count, layout.spec.observation_size)),
      cut_rows_(product(count, 1)),
      cuts_so_far_(product(count, 1)) {}

float RolloutRecorder::choose(const float* parameters, int i, float* action) {
  const NetworkSpec& spec = layout_.spec;
  const float* head = heads_.data() + i * spec.head_size;
  const int environment = first_ + i;
  Rng rng(seed_, RandomPurpose::kAction, static_cast<std::uint32_t>(environment), step_);
  if (exploration_.kind == Exploration::kSampled) {
    return choose_action(spec, head, parameters + layout_.log_std_offset, &rng, action);
  }
  float log_prob = 0.0F;
  const float epsilon = epsilon_of(exploration_, environment, step_);
  action[0] = static_cast<float>(epsilon_greedy(head, spec.head_size, epsilon, rng, log_prob));
  return log_prob;
}

float RolloutRecorder::state_value(int row, const SegmentLayout& segment) const {
  const float value = values_[static_cast<std::size_t>(row)];
  if (!segment.action_values) return value;
  const int actions = layout_.spec.head_size;
  return greatest_action_value(heads_.data() + row * actions, value, actions, exploration_.dueling);
}

const float* RolloutRecorder::act(const float* parameters, const float* observations, int t, const SegmentView& out) {
  const int observation_size = layout_.spec.observation_size;
  const int action_size = layout_.spec.action_size();
  kernel_.forward(parameters, observations, count_, heads_.data(), values_.data());
  for (int i = 0; i < count_; ++i) {
    const TrajectoryView trajectory = out.trajectory(i);
    float* action = trajectory.actions + t * action_size;
    trajectory.log_probs[t] = choose(parameters, i, action);
    trajectory.values[t] = state_value(i, out.layout());
    if (out.layout().action_values) {
      trajectory.chosen_values[t] =
          action_value(heads_.data() + i * layout_.spec.head_size, values_[static_cast<std::size_t>(i)],
                       layout_.spec.head_size, static_cast<int>(action[0]), exploration_.dueling);
    }
    std::copy_n(observations + i * observation_size, observation_size, trajectory.observations + t * observation_size);
    std::copy_n(action, action_size, actions_.data() + i * action_size);
  }
  ++step_;
  return actions_.data();
}

void RolloutRecorder::record(const float* parameters, const float* rewards, const std::uint8_t* ends,
                             const float* final_observations, const float* next_observations, int t,
                             const SegmentView& out) {
  record(parameters, rewards, ends, final_observations, next_observations, t, t == out.layout().steps - 1, out);
}

void RolloutRecorder::record(const float* parameters, const float* rewards, const std::uint8_t* ends,
                             const float* final_observations, const float* next_observations, int t, bool last,
                             const SegmentView& out) {
  bool any_cut = last;
  if (t == 0) std::fill_n(cuts_so_far_.data(), count_, 0);
  for (int i = 0; i < count_; ++i) {
    const TrajectoryView trajectory = out.trajectory(i);
    trajectory.rewards[t] = rewards[i];
    trajectory.ends[t] = ends[i];
    trajectory.bootstrap[t] = 0.0F;
    any_cut = any_cut || ends[i] == kTruncated;
  }
  if (any_cut) write_bootstrap(parameters, ends, final_observations, next_observations, t, last, out);
}

void RolloutRecorder::write_bootstrap(const float* parameters, const std::uint8_t* ends,
                                      const float* final_observations, const float* next_observations, int t, bool last,
                                      const SegmentView& out) {
  const int observation_size = layout_.spec.observation_size;
  int cuts = 0;
  for (int i = 0; i < count_; ++i) {
    const bool truncated = ends[i] == kTruncated;
    const bool segment_ends = last && ends[i] == 0;
    if (!truncated && !segment_ends) continue;
    const float* observation = (truncated ? final_observations : next_observations) + i * observation_size;
    std::copy_n(observation, observation_size, cut_observations_.data() + cuts * observation_size);
    cut_rows_[static_cast<std::size_t>(cuts++)] = i;
    if (out.layout().cut_rows == 0) continue;
    const int row = cuts_so_far_[static_cast<std::size_t>(i)]++;
    std::copy_n(observation, observation_size, out.trajectory(i).cut_observations + row * observation_size);
  }
  if (cuts == 0) return;
  if (out.layout().action_values) {
    kernel_.forward(parameters, cut_observations_.data(), cuts, heads_.data(), values_.data());
  } else {
    kernel_.forward_value(parameters, cut_observations_.data(), cuts, values_.data());
  }
  for (int c = 0; c < cuts; ++c) {
    out.trajectory(cut_rows_[static_cast<std::size_t>(c)]).bootstrap[t] = state_value(c, out.layout());
  }
}

}  // namespace prl

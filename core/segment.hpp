// A rollout segment: T steps of N environments, as one block of bytes an environment.
//
// Block of one environment (floats unless said otherwise), rounded up to a cache line:
//
//   observations[T][observation_size]  actions[T][action_size]  log_probs[T]  values[T]  rewards[T]  bootstrap[T]
//   cut_observations[cut_rows][observation_size]  chosen_values[T or none]  ends[T] (bytes of core/episode_end.hpp)
//   kept_state[state_bytes]
//
// bootstrap[t] is V(s_{t+1}) of the behaviour policy's parameters where the value recursion is cut at t, that is where
// the episode was truncated (its final observation) or the segment ends; 0 elsewhere and after termination.
//
// cut_observations are the observations that bootstrap values belong to, in the order of time, for rules that want other
// values than the behaviour policy's. Most rules do not: cut_rows is 0 then, and the block as if there was no such part.
//
// chosen_values[t] is Q(s_t, a_t) of the behaviour policy's parameters, for rules that want it of actors that act by action
// values. values and bootstrap are then the greatest action values, max_a Q(s, a). Without, the block is as if there was no
// such part.
//
// kept_state is the environment's state after the segment (VectorEnv::keep), where a checkpoint may be made of it; it comes
// with the trajectories, wherever they were collected. Without checkpoints there is no such part.
//
// Of a round that is cut early (core/early_cut.hpp) an environment's last steps are absent; its segment ends with the last
// one that was taken.
//
// Rounds of whole episodes have as many steps as their quota can take; those that were not taken are marked absent in
// ends, and their other fields hold nothing.
//
// A worker's environments are a contiguous range of blocks: it writes them where the learner reads them, or sends them
// as one message that is received in place. A round's trajectories are N * block_bytes().
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/aligned_buffer.hpp"
#include "core/episode_end.hpp"

namespace prl {

struct SegmentLayout {
  int steps = 0;  // T
  int observation_size = 0;
  int action_size = 0;
  int cut_rows = 0;             // 0, or most_cuts() where cut observations are kept
  bool action_values = false;   // whether chosen values are kept
  bool whole_episodes = false;  // whether steps may be absent
  int state_bytes = 0;          // of an environment's state

  std::size_t floats() const {
    const int each_step = observation_size + action_size + (action_values ? 5 : 4);
    return static_cast<std::size_t>(steps) * static_cast<std::size_t>(each_step) +
           static_cast<std::size_t>(cut_rows) * static_cast<std::size_t>(observation_size);
  }
  std::size_t block_bytes() const {
    return round_up_to_cache_line(floats() * sizeof(float) + static_cast<std::size_t>(steps + state_bytes));
  }
};

// How often the recursion of an environment with that time limit can be cut in a segment of `steps` steps: truncations are
// time_limit steps apart, and the segment's end may follow the last one.
constexpr int most_cuts(int steps, int time_limit) { return (steps - 1) / time_limit + 2; }

// Whether a bootstrap value belongs to step t of a segment of `steps` steps, none of them absent.
constexpr bool is_cut(const std::uint8_t* ends, int steps, int t) {
  return ends[t] == kTruncated || (t == steps - 1 && ends[t] == 0);
}

// Pointers into one environment's block; does not own it.
struct TrajectoryView {
  float* observations = nullptr;
  float* actions = nullptr;
  float* log_probs = nullptr;
  float* values = nullptr;
  float* rewards = nullptr;
  float* bootstrap = nullptr;
  float* cut_observations = nullptr;
  float* chosen_values = nullptr;  // null where they are not kept
  std::uint8_t* ends = nullptr;
  std::byte* kept_state = nullptr;
};

// Blocks of the environments [first, first + count) of a round; does not own them.
class SegmentView {
 public:
  SegmentView() = default;
  // `blocks`: count * layout.block_bytes() bytes on a cache line, the block of environment `first` at its start.
  SegmentView(const SegmentLayout& layout, std::byte* blocks, int first, int count)
      : layout_(layout), blocks_(blocks), first_(first), count_(count) {}

  const SegmentLayout& layout() const { return layout_; }
  int first() const { return first_; }
  int count() const { return count_; }
  std::byte* bytes() const { return blocks_; }
  std::size_t size_bytes() const { return static_cast<std::size_t>(count_) * layout_.block_bytes(); }

  // The block of environment first() + i.
  TrajectoryView trajectory(int i) const {
    const auto steps = static_cast<std::size_t>(layout_.steps);
    TrajectoryView view;
    view.observations = reinterpret_cast<float*>(blocks_ + static_cast<std::size_t>(i) * layout_.block_bytes());
    view.actions = view.observations + steps * static_cast<std::size_t>(layout_.observation_size);
    view.log_probs = view.actions + steps * static_cast<std::size_t>(layout_.action_size);
    view.values = view.log_probs + steps;
    view.rewards = view.values + steps;
    view.bootstrap = view.rewards + steps;
    view.cut_observations = view.bootstrap + steps;
    if (layout_.action_values) {
      view.chosen_values = view.cut_observations + static_cast<std::size_t>(layout_.cut_rows) *
                                                       static_cast<std::size_t>(layout_.observation_size);
    }
    view.ends = reinterpret_cast<std::uint8_t*>(view.observations + layout_.floats());
    view.kept_state = reinterpret_cast<std::byte*>(view.ends) + steps;
    return view;
  }

  // The part that belongs to environments [from, from + count), counted like first().
  SegmentView part(int from, int count) const {
    return {layout_, blocks_ + static_cast<std::size_t>(from - first_) * layout_.block_bytes(), from, count};
  }

 private:
  SegmentLayout layout_;
  std::byte* blocks_ = nullptr;
  int first_ = 0;
  int count_ = 0;
};

}  // namespace prl

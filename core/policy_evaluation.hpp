// Evaluation protocol: a fixed quota of one episode an environment, all started from their own reset, none dropped.
//
//   return_e = sum of rewards of environment e's first episode, undiscounted.
//
// With a quota per environment no short episode is preferred, as 'the first n to finish' would. Resets and sampled
// actions have random numbers of their own, so evaluating does not move training.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/environment.hpp"
#include "core/episode_end.hpp"
#include "core/policy_kernel.hpp"
#include "core/rollout_recorder.hpp"
#include "core/vector_env.hpp"

namespace prl {

// Which action an evaluated policy takes: the mode of its distribution, or a sample.
enum class EvaluationAction { kMean, kSampled };

// Episodes [first, first + count) of an evaluation: parts of it have the returns that it has as a whole.
struct EpisodeRange {
  int first = 0;
  int count = 0;
};

// Returns of these episodes, in environment order. Fewer, namely none, once `stop` is set.
template <Environment E>
std::vector<double> evaluate_policy(const NetworkLayout& layout, const float* parameters, EpisodeRange range,
                                    std::uint64_t seed, EvaluationAction mode, const std::atomic<bool>& stop) {
  const NetworkSpec& spec = layout.spec;
  const int episodes = range.count;
  VectorEnv<E> environments(seed, range.first, episodes, RandomPurpose::kEvaluationReset);
  PolicyKernel kernel(layout, episodes);
  const auto rows = static_cast<std::size_t>(episodes);
  AlignedBuffer<float> observations(rows * E::kObservationSize);
  AlignedBuffer<float> heads(rows * static_cast<std::size_t>(spec.head_size));
  AlignedBuffer<float> values(rows);
  AlignedBuffer<float> actions(rows * static_cast<std::size_t>(spec.action_size()));
  std::vector<double> returns(rows, 0.0);
  std::vector<bool> finished(rows, false);
  int running = episodes;
  for (std::uint64_t step = 0; running > 0; ++step) {
    if (stop.load(std::memory_order_relaxed)) return {};
    environments.observe(observations.data());
    kernel.forward(parameters, observations.data(), episodes, heads.data(), values.data());
    for (int i = 0; i < episodes; ++i) {
      Rng rng(seed, RandomPurpose::kEvaluationAction, static_cast<std::uint32_t>(range.first + i), step);
      choose_action(spec, heads.data() + i * spec.head_size, parameters + layout.log_std_offset,
                    mode == EvaluationAction::kSampled ? &rng : nullptr, actions.data() + i * spec.action_size());
    }
    environments.step(actions.data());
    for (std::size_t i = 0; i < rows; ++i) {
      if (finished[i]) continue;
      returns[i] += static_cast<double>(environments.rewards()[i]);
      if (environments.ends()[i] != 0) {
        finished[i] = true;
        --running;
      }
    }
  }
  return returns;
}

}  // namespace prl

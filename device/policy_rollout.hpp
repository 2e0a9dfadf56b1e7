// A segment with the policy inside, in one launch: a block carries 128 environments from the first step to the last, an
// environment a thread, with all parameters in its shared memory. Step t of environment e:
//
//   a_t ~ pi(. | s_t; theta), written with s_t, ln pi(a_t | s_t), V(s_t), then the reward, how the episode ended, and the
//   bootstrap value where the recursion is cut
//
// as core/rollout_recorder.hpp and core/vector_env.hpp do it: same order of operations, same random numbers. Hidden
// layers are products of the whole block (device/dense_tile.hpp), heads a thread's own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/action_distribution.hpp"
#include "core/loop_hints.hpp"
#include "device/dense_tile.hpp"
#include "device/environment_arrays.hpp"
#include "device/rollout_network.hpp"
#include "device/thread_index.hpp"
#include "device/time_major_segment.hpp"

namespace prl {

template <Environment E>
struct PolicyRollout {
  static constexpr std::int32_t kHeadSize = E::kDiscrete ? E::kActionCount : E::kActionSize;

  // What a thread keeps of its environment from phase to phase.
  struct Own {
    bool active = false;  // the last block may have fewer environments than threads
    typename E::State state{};
    std::int32_t elapsed = 0;
    std::array<float, E::kObservationSize> observation{};
    DenseTile tile;  // not initialised: a layer's sums begin with its biases
    std::array<float, kHeadSize> head{};
    float value = 0.0F;
    float reward = 0.0F;
    std::uint8_t ends = 0;
    bool cut = false;
  };

  EnvironmentArrays<E> environments;
  RolloutNetwork network;
  const float* parameters = nullptr;
  std::uint64_t first_step = 0;  // steps that every environment has taken before
  TimeMajorSegment out;

  // Floats of a block's shared memory: the parameters, then a layer's activations.
  PRL_HOST_DEVICE static std::size_t activations_at(const RolloutNetwork& network) {
    return (network.parameter_count + 3) / 4 * 4;
  }
  static std::size_t shared_floats(const RolloutNetwork& network) {
    return activations_at(network) + static_cast<std::size_t>(kRolloutWidth) * kRolloutThreads;
  }

  template <typename Block>
  PRL_HOST_DEVICE PRL_DEVICE_INLINE void collect(Block& block) const {
    block.phase([&](const ThreadIndex& index, Own& own) { begin(index, own, block.shared()); });
    PRL_DEVICE_ROLLED
    for (std::int32_t t = 0; t < out.steps; ++t) {
      PRL_DEVICE_ROLLED
      for (std::int32_t pass = kPolicy; pass <= kNextValue; ++pass) {
        if (pass == kValue && network.shared_trunk) continue;
        if (pass == kNextValue) {
          block.phase([&](const ThreadIndex& index, Own& own) { act(index, t, block.shared(), own); });
          if (!block.any([](const Own& own) { return own.cut; })) continue;
        }
        forward_stack(block, pass == kPolicy || network.shared_trunk ? 0 : 1);
        block.phase([&](const ThreadIndex& index, Own& own) { apply_heads(pass, block.shared(), index.thread, own); });
      }
      block.phase([&](const ThreadIndex& index, Own& own) { finish(index, t, own); });
    }
    block.phase([&](const ThreadIndex& index, Own& own) {
      if (!own.active) return;
      environments.store(index.global(), own.state);
      environments.elapsed[index.global()] = own.elapsed;
    });
  }

 private:
  // What the networks are applied for in a step: the action, V(s_t) where its network is another one, and V of what
  // follows in blocks where some environment is cut.
  enum Pass : std::int32_t { kPolicy, kValue, kNextValue };

  PRL_HOST_DEVICE PRL_DEVICE_INLINE void begin(const ThreadIndex& index, Own& own, float* shared) const {
    for (std::size_t p = static_cast<std::size_t>(index.thread); p < network.parameter_count; p += kRolloutThreads) {
      shared[p] = parameters[p];
    }
    own.active = index.global() < environments.count;
    if (own.active) {
      own.state = environments.load(index.global());
      own.elapsed = environments.elapsed[index.global()];
    }
    E::observe(own.state, own.observation.data());
  }

  // Hidden layers of a stack, from own.observation to the shared activations, [unit][thread].
  template <typename Block>
  PRL_HOST_DEVICE PRL_DEVICE_INLINE void forward_stack(Block& block, std::size_t stack) const {
    float* activations = block.shared() + activations_at(network);
    block.phase([&](const ThreadIndex& index, Own& own) {
      PRL_DEVICE_UNROLL
      for (std::size_t k = 0; k < own.observation.size(); ++k) {
        activations[k * kRolloutThreads + static_cast<std::size_t>(index.thread)] = own.observation[k];
      }
    });
    for (std::int32_t l = 0; l < network.layers; ++l) {
      const DenseLayer& layer = network.stacks[stack][static_cast<std::size_t>(l)];
      block.phase([&](const ThreadIndex& index, Own& own) {
        multiply_tile(layer, block.shared(), activations, index.thread, own.tile);
      });
      block.phase([&](const ThreadIndex& index, Own& own) {
        store_tile(network.activation, index.thread, own.tile, activations);
      });
    }
  }

  PRL_HOST_DEVICE PRL_DEVICE_INLINE void apply_heads(std::int32_t pass, const float* shared, std::int32_t thread,
                                                     Own& own) const {
    if (pass == kPolicy) apply_head(network.policy_head, shared, thread, own.head);
    if (pass == kPolicy && !network.shared_trunk) return;
    std::array<float, 1> value;
    apply_head(network.value_head, shared, thread, value);
    own.value = value[0];
  }

  template <std::size_t kOutputs>
  PRL_HOST_DEVICE PRL_DEVICE_INLINE void apply_head(const DenseLayer& layer, const float* shared, std::int32_t thread,
                                                    std::array<float, kOutputs>& outputs) const {
    const float* inputs = shared + activations_at(network) + thread;
    PRL_DEVICE_UNROLL
    for (std::size_t j = 0; j < kOutputs; ++j) outputs[j] = shared[layer.bias_offset + j];
    for (std::size_t k = 0; k < static_cast<std::size_t>(kRolloutWidth); ++k) {
      const float x = inputs[k * kRolloutThreads];
      PRL_DEVICE_UNROLL
      for (std::size_t j = 0; j < kOutputs; ++j) {
        outputs[j] = multiply_add(x, shared[layer.weight_offset + k * kOutputs + j], outputs[j]);
      }
    }
  }

  // Chooses the action, writes the row but for what the environment answers, and steps.
  PRL_HOST_DEVICE PRL_DEVICE_INLINE void act(const ThreadIndex& index, std::int32_t t, const float* shared,
                                             Own& own) const {
    own.cut = false;
    if (!own.active) return;
    const std::size_t row = out.row(t, index.global());
    Rng rng(environments.seed, RandomPurpose::kAction, environments.number(index.global()),
            first_step + static_cast<std::uint64_t>(t));
    std::array<float, E::kActionSize> action;
    out.log_probs[row] = choose(own.head, shared + network.log_std_offset, rng, action);
    out.values[row] = own.value;
    PRL_DEVICE_UNROLL
    for (std::size_t k = 0; k < own.observation.size(); ++k) {
      out.observations[row * own.observation.size() + k] = own.observation[k];
    }
    for (std::size_t k = 0; k < action.size(); ++k) out.actions[row * action.size() + k] = action[k];
    const typename E::Outcome outcome = E::step(own.state, action.data());
    own.reward = outcome.reward;
    own.ends = ends_of<E>(outcome, ++own.elapsed);
    own.cut = own.ends == kTruncated || (t == out.steps - 1 && own.ends == 0);
    E::observe(own.state, own.observation.data());
  }

  // Returns the log-probability.
  PRL_HOST_DEVICE static float choose(const std::array<float, kHeadSize>& head, const float* log_std, Rng& rng,
                                      std::array<float, E::kActionSize>& action) {
    if constexpr (E::kDiscrete) {
      // sample_categorical(), by selections: with an index into it the head would not stay in registers.
      const float normaliser = log_sum_exp(head.data(), kHeadSize);
      float remaining = rng.uniform<float>();
      float index = static_cast<float>(kHeadSize - 1);
      float logit = head[kHeadSize - 1];
      bool chosen = false;
      PRL_DEVICE_UNROLL
      for (std::size_t k = 0; k < head.size() - 1; ++k) {
        remaining -= fast_exp(head[k] - normaliser);
        const bool here = !chosen & (remaining < 0.0F);
        index = here ? static_cast<float>(k) : index;
        logit = here ? head[k] : logit;
        chosen = chosen | here;
      }
      action[0] = index;
      return logit - normaliser;
    } else {
      sample_gaussian(head.data(), log_std, kHeadSize, rng, action.data());
      return gaussian_log_prob(head.data(), log_std, action.data(), kHeadSize);
    }
  }

  PRL_HOST_DEVICE PRL_DEVICE_INLINE void finish(const ThreadIndex& index, std::int32_t t, Own& own) const {
    if (!own.active) return;
    const std::size_t row = out.row(t, index.global());
    out.rewards[row] = own.reward;
    out.ends[row] = own.ends;
    out.bootstrap[row] = own.cut ? own.value : 0.0F;
    if (own.ends == 0) return;
    own.state = environments.fresh(index.global(), first_step + static_cast<std::uint64_t>(t) + 1);
    own.elapsed = 0;
    E::observe(own.state, own.observation.data());
  }
};

}  // namespace prl

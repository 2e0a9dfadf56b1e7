// Where each tensor of an actor-critic network lies in one flat parameter buffer.
//
// Networks are two stacks of dense layers, y = act(x W + b), for the policy and the value, either separate or sharing
// their hidden layers (the trunk), with a linear head each. A weight matrix is stored input-major, [inputs][outputs], so
// that SIMD lanes run over outputs. Gaussian policies have a state-independent log standard deviation.
//
// Hidden layers come first: with widths that are multiples of 16 every one of their rows starts on a cache line. There
// is no padding: a weight broadcast, an all-reduce and a checkpoint are 4 * parameter_count bytes.
#pragma once

#include <cstddef>
#include <vector>

namespace prl {

enum class Activation { kTanh, kRelu };

// How the policy head's outputs are read: means of a diagonal Gaussian, or logits of a categorical distribution.
enum class ActionKind { kContinuous, kDiscrete };

struct NetworkSpec {
  int observation_size = 0;
  int head_size = 0;  // action dimensions, or number of discrete actions
  ActionKind action_kind = ActionKind::kContinuous;
  std::vector<int> hidden = {256, 256};
  bool shared_trunk = true;
  Activation activation = Activation::kTanh;
  float initial_log_std = 0.0F;

  // Floats that describe one action: its vector, or the index of a discrete one.
  int action_size() const { return action_kind == ActionKind::kContinuous ? head_size : 1; }
};

struct DenseLayer {
  int inputs = 0;
  int outputs = 0;
  std::size_t weight_offset = 0;  // [inputs][outputs]
  std::size_t bias_offset = 0;    // [outputs]
  std::size_t weight_count() const { return static_cast<std::size_t>(inputs) * static_cast<std::size_t>(outputs); }
};

// One stack of hidden layers. A shared trunk is one stack that feeds both heads; otherwise there are two, the policy's
// and the value's.
struct NetworkLayout {
  // Throws std::invalid_argument for sizes below 1 or no hidden layer.
  explicit NetworkLayout(NetworkSpec network);

  NetworkSpec spec;
  std::vector<std::vector<DenseLayer>> stacks;
  DenseLayer policy_head;
  DenseLayer value_head;
  std::size_t log_std_offset = 0;  // [head_size] of a Gaussian policy
  std::size_t log_std_count = 0;   // 0 for a categorical policy
  std::size_t parameter_count = 0;

  std::size_t value_stack() const { return stacks.size() - 1; }
  // The network that a parameter belongs to: 0 the policy's, 1 the value's. With a shared trunk all is one network, 0.
  int network_of(std::size_t parameter) const;
  int widest_layer() const;
};

}  // namespace prl

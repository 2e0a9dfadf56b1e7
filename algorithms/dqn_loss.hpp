// Temporal-difference targets, the loss of action values and its derivative with respect to the network's outputs.
//
//   Q(s, a)   core/action_values.hpp
//   y = R + d Q'(s', a*),   a* = argmax_a Q'(s', a),   or double  argmax_a Q(s', a)
//   L = mean[ w l(y - Q(s, a)) ],   l(x) = x^2,   or Huber  x^2 / 2 for |x| <= 1, |x| - 1/2 beyond
//
// R and d are a transition's discounted reward and discount (algorithms/replay/transition.hpp), Q' the target network,
// w importance weights.
//
// Sources: Mnih et al., "Human-level control through deep reinforcement learning" (Nature 518, 2015), algorithm 1; van
// Hasselt, Guez, Silver, "Deep reinforcement learning with double Q-learning" (AAAI 2016), equation 4. Deviation: none;
// the factors of l are PyTorch's (mse_loss, huber_loss).
//
// The policy head gives action values or advantages, the value head V. Without dueling the value head takes no part: its
// derivatives are 0.
#pragma once

#include "core/action_values.hpp"
#include "core/network_layout.hpp"

namespace prl {

enum class TdLoss { kSquared, kHuber };

struct DqnLossSetting {
  TdLoss loss = TdLoss::kHuber;
  bool double_q = true;
  bool dueling = false;
};

// A network's outputs for some observations: [rows][head_size] and [rows].
struct NetworkOutputs {
  const float* heads = nullptr;
  const float* values = nullptr;
};

// Writes targets[rows]. `target` are the target network's outputs for the next observations, `online` the learned
// network's, read where double_q is set. Rows whose discount is 0 have no next observation: their outputs are not read.
void td_targets(const NetworkSpec& spec, const DqnLossSetting& setting, int rows, const float* rewards,
                const float* discounts, NetworkOutputs target, NetworkOutputs online, float* targets);

// One shard's rows of a batch. `total_rows` counts the whole batch: the mean is over it.
struct DqnRows {
  int rows = 0;
  int total_rows = 0;
  NetworkOutputs outputs;          // for the observations, of the learned network
  const float* actions = nullptr;  // [rows], indices
  const float* targets = nullptr;  // [rows]
  const float* weights = nullptr;  // [rows]; null for 1
};

// Writes dL/dheads [rows][head_size], dL/dvalues [rows] and the errors y - Q(s, a) [rows]. Returns the rows' part of L.
double dqn_loss(const NetworkSpec& spec, const DqnLossSetting& setting, const DqnRows& batch, float* d_heads,
                float* d_values, float* errors);

}  // namespace prl

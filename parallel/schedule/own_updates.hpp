// All updates that an ingested segment makes due, by a learner that has parameters and a gradient to itself.
#pragma once

#include "core/learner.hpp"

namespace prl {

inline void take_own_updates(Learner& learner) {
  const std::span<const float> gradient = learner.gradient(0);
  for (int update = 0; update < learner.updates_due(); ++update) {
    learner.compute_gradient(update, 0);
    learner.apply_gradient({0, gradient.size()}, gradient, square_sum(gradient));
    learner.finish_update();
  }
  learner.finish_round();
}

}  // namespace prl

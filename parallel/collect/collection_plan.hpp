// What a collection mode has to know of the run: how many workers, and the sizes of what crosses between them.
#pragma once

#include <cstddef>

#include "core/segment.hpp"

namespace prl {

struct CollectionPlan {
  int workers = 1;       // W, all that collect; worker 0 is the learner's own
  int environments = 1;  // N, over all workers
  int beside = 0;        // others that work at the same time: 1 where the learner does
  std::size_t parameter_count = 0;
  SegmentLayout layout;
  int grain = 0;         // environments that threads take at a time; 0: each has a range of its own
  int slow_worker = -1;  // pays slow_factor times the others' step cost; -1: none does
  double slow_factor = 1.0;
  double cut_share = 0.0;  // of the workers, when the others' rounds are cut (core/early_cut.hpp); 0: they are whole
  bool by_speed = false;   // environments move to faster workers (environment_division.hpp); blocks keep states then

  std::size_t segment_bytes() const { return static_cast<std::size_t>(environments) * layout.block_bytes(); }
  std::size_t parameter_bytes() const { return parameter_count * sizeof(float); }

  // All that want a core at the same time, and a worker's place among them (parallel/transport/core_share.hpp).
  int working_together() const { return workers + beside; }
  int core_share_of(int worker) const { return worker + beside; }

  // What `worker` pays for a step, in step costs (core/step_cost.hpp).
  double slowness_of(int worker) const { return worker == slow_worker ? slow_factor : 1.0; }
};

// Throws std::invalid_argument, one line, if a worker would have no environment, a size is not positive, or environments
// could not move as they should.
void check_plan(const CollectionPlan& plan);

}  // namespace prl

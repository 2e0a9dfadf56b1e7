// One worker of several that learn by themselves and average with their neighbours in pairs:
//
//   repeat   collect a segment with theta_i, from own environments
//            take all of its updates on theta_i
//            add what was learned to the own copy; after every K-th segment average with a neighbour's as well;
//            go on from the own copy  (parallel/agree/gossip/pair_averaging.hpp)
//
// Source: Lian et al., AD-PSGD (2018), algorithm 1, of which this is the loop, K = 1. The optimiser's moments are the
// worker's own, as in lock-step.
#pragma once

#include "parallel/agree/gossip/pair_averaging.hpp"
#include "parallel/schedule/free_worker.hpp"

namespace prl {

class PairWorker final : public FreeWorker {
 public:
  // `learner` has parameters and gradient of its own (see FreeWorker), the own copy's to begin with. `pairs` must outlive
  // it.
  PairWorker(PairAveraging<float>& pairs, int worker, Actor& actor, Learner& learner, const SegmentView& segment,
             int segments_between_meetings, std::optional<double> solved_return = std::nullopt);

 private:
  void prepare(SegmentReport&) override {}
  void learn(SegmentReport& report) override;

  PairAveraging<float>& pairs_;
  int segments_between_meetings_;
  long segments_ = 0;
};

}  // namespace prl

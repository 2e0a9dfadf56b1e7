// One worker of several that learn by themselves and meet a server when they like:
//
//   repeat   collect a segment with theta_i, from own environments
//            take all of its updates on theta_i
//            after every K-th segment:  meet the server with theta_i (parallel/agree/merging_server.hpp)
//
// Source: document D2, section 4.2. The optimiser's moments are the worker's own, as in lock-step.
#pragma once

#include "parallel/agree/parameter_agreement.hpp"
#include "parallel/schedule/free_worker.hpp"

namespace prl {

class ServerWorker final : public FreeWorker {
 public:
  // `learner` has parameters and gradient of its own (see FreeWorker), the server's to begin with. `agreement` must
  // outlive it.
  ServerWorker(ParameterAgreement<float>& agreement, int worker, Actor& actor, Learner& learner,
               const SegmentView& segment, int segments_between_meetings,
               std::optional<double> solved_return = std::nullopt);

 private:
  void prepare(SegmentReport&) override {}
  void learn(SegmentReport& report) override;

  ParameterAgreement<float>& agreement_;
  int segments_between_meetings_;
  long segments_ = 0;
};

}  // namespace prl

// One worker of several that send their gradients to a server that holds parameters and optimiser:
//
//   repeat   theta' <- the server's theta
//            collect a segment with theta', from own environments
//            for every update:  g from theta' and the segment;  the server steps theta by g;  theta' <- theta
//
// The copies between a segment's updates are left away after its last. It is the loop of hogwild_worker.hpp with a lock,
// where the server is no memory that is shared; sources, bits and what is counted are as there.
#pragma once

#include <optional>

#include "parallel/agree/gradient_server.hpp"
#include "parallel/schedule/free_worker.hpp"

namespace prl {

class PushingWorker final : public FreeWorker {
 public:
  // `learner` has parameters and gradient of its own, which nothing but `server` changes (see FreeWorker).
  PushingWorker(GradientServer& server, int worker, Actor& actor, Learner& learner, const SegmentView& segment,
                std::optional<double> solved_return = std::nullopt);

 private:
  void prepare(SegmentReport& report) override { pull(report); }
  void learn(SegmentReport& report) override;
  void pull(SegmentReport& report);
  long push(bool segment_ends, SegmentReport& report);

  GradientServer& server_;
};

}  // namespace prl

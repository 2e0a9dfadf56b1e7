// One worker of several that step parameters which all of them share, each for itself:
//
//   repeat   theta' <- theta                                  copied without a lock
//            collect a segment with theta', from own environments
//            for every update:  g from theta' and the segment;  step theta by g, without a lock;  theta' <- theta
//
// The copies between a segment's updates are left away after its last. With one worker every copy is what it has written
// itself, and the rule's lock-step rounds come out, bit by bit.
//
// Source: Mnih et al., "Asynchronous methods for deep reinforcement learning" (ICML 2016), algorithm S3 (A3C), of which
// this is the loop; the rule is the learner's. With a lock around each copy and each step nothing is lost or mixed: the
// server that holds parameters and optimiser, and takes gradients, of Nair et al., "Massively parallel methods for deep
// reinforcement learning" (Gorila, 2015), section 4, on one machine.
//
// What is counted, with S bytes of parameters, of every worker: S of weights a copy, S of gradients an update.
#pragma once

#include <optional>

#include "parallel/agree/hogwild_parameters.hpp"
#include "parallel/schedule/free_worker.hpp"

namespace prl {

class HogwildWorker final : public FreeWorker {
 public:
  // `learner` steps parameters.shared(worker) (see FreeWorker). With a waiter copies and steps are under the parameters'
  // lock.
  HogwildWorker(HogwildParameters& parameters, int worker, Actor& actor, Learner& learner, const SegmentView& segment,
                std::optional<double> solved_return = std::nullopt, std::optional<Waiter> lock_waiter = std::nullopt);

 private:
  void prepare(SegmentReport& report) override;
  void learn(SegmentReport& report) override;
  void pull(SegmentReport& report);
  void push(SegmentReport& report);
  // Takes the lock where there is to be one.
  void lock_into(std::optional<SharedLockHold>& held);

  HogwildParameters& parameters_;
  std::optional<Waiter> lock_waiter_;
  std::uint64_t pushes_at_copy_ = 0;
};

}  // namespace prl

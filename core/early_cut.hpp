// When a slow worker stops collecting a round: once enough of the workers have taken all of their steps, the others go on
// with what they have, if it is not too little.
//
//   a worker that has taken t of its T steps leaves the round if  t >= ceil(m T)  and  left >= ceil(P W),   m = 1/4
//
// left counts the workers that have left the round. Source: Wijmans et al., "DD-PPO: learning near-perfect PointGoal
// navigators from 2.5 billion frames" (ICLR 2020), section 3, where P = 60 % worked well; m, and that P is a share of all
// workers and not of the others, are of the authors' program. Taken over with it: a cut rollout is learned from as it is,
// in as many minibatches as a whole one. Deviation: all steps of a minibatch count alike, where DD-PPO averages the
// workers' means.
//
// Who is cut depends on time, so rounds that were cut do not repeat.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>

namespace prl {

// Steps of `steps` that are taken in any case.
constexpr int least_steps(int steps) { return (steps + 3) / 4; }

// One worker's view of the rounds; all of a run's workers take part in every round.
class EarlyCut {
 public:
  // `left` counts over all rounds, is seen by all workers and outlives this; 0 < share <= 1.
  EarlyCut(double share, int workers, int steps, std::atomic<std::uint64_t>& left)
      : workers_(static_cast<std::uint64_t>(workers)),
        enough_(static_cast<std::uint64_t>(std::ceil(share * workers))),
        least_(least_steps(steps)),
        left_(left) {}

  // All workers have left the last round.
  void begin_round() {
    due_at_ = begun_ * workers_ + enough_;
    ++begun_;
  }
  // Whether a worker that has taken so many steps in this round stops.
  bool due(int taken) const { return taken >= least_ && left_.load(std::memory_order_relaxed) >= due_at_; }
  // Once a round, cut or whole.
  void leave_round() { left_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::uint64_t workers_;
  std::uint64_t enough_;
  int least_;
  std::atomic<std::uint64_t>& left_;
  std::uint64_t begun_ = 0;
  std::uint64_t due_at_ = 0;
};

}  // namespace prl

#include "parallel/schedule/pair_worker.hpp"

#include "parallel/schedule/own_updates.hpp"
#include "parallel/transport/communication.hpp"

namespace prl {

PairWorker::PairWorker(PairAveraging<float>& pairs, int worker, Actor& actor, Learner& learner,
                       const SegmentView& segment, int segments_between_meetings, std::optional<double> solved_return)
    : FreeWorker(worker, actor, learner, segment, solved_return),
      pairs_(pairs),
      segments_between_meetings_(segments_between_meetings) {}

void PairWorker::learn(SegmentReport& report) {
  take_own_updates(learner());
  const bool meets = ++segments_ % segments_between_meetings_ == 0;
  if (!meets || !pairs_.has_neighbours()) {
    pairs_.publish(learner().parameters());
  } else {
    const double start_seconds = monotonic_seconds();
    report.lag = pairs_.meet(learner().parameters()).lag;
    report.pushing_seconds = monotonic_seconds() - start_seconds;
    report.pushes = 1;
    report.pulls = 1;
  }
  if (meets) learner().take_agreed();
}

}  // namespace prl

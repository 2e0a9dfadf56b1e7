#include "parallel/schedule/server_worker.hpp"

#include "parallel/schedule/own_updates.hpp"
#include "parallel/transport/communication.hpp"

namespace prl {

ServerWorker::ServerWorker(ParameterAgreement<float>& agreement, int worker, Actor& actor, Learner& learner,
                           const SegmentView& segment, int segments_between_meetings,
                           std::optional<double> solved_return)
    : FreeWorker(worker, actor, learner, segment, solved_return),
      agreement_(agreement),
      segments_between_meetings_(segments_between_meetings) {}

void ServerWorker::learn(SegmentReport& report) {
  take_own_updates(learner());
  if (++segments_ % segments_between_meetings_ != 0) return;
  const double start_seconds = monotonic_seconds();
  report.lag = agreement_.meet(learner().parameters()).lag;
  report.pushing_seconds = monotonic_seconds() - start_seconds;
  learner().take_agreed();
  report.pushes = 1;
  report.pulls = 1;
}

}  // namespace prl

#include "parallel/schedule/server_worker.hpp"

#include "parallel/transport/communication.hpp"

namespace prl {

ServerWorker::ServerWorker(ParameterAgreement<float>& agreement, int worker, Actor& actor, Learner& learner,
                           const SegmentView& segment, int segments_between_meetings,
                           std::optional<double> solved_return)
    : FreeWorker(worker, actor, learner, segment, solved_return),
      agreement_(agreement),
      segments_between_meetings_(segments_between_meetings) {}

void ServerWorker::learn(SegmentReport& report) {
  const std::span<const float> gradient = learner().gradient(0);
  for (int update = 0; update < learner().updates_due(); ++update) {
    learner().compute_gradient(update, 0);
    learner().apply_gradient({0, gradient.size()}, gradient, square_sum(gradient));
    learner().finish_update();
  }
  learner().finish_round();
  if (++segments_ % segments_between_meetings_ != 0) return;
  const double start_seconds = monotonic_seconds();
  report.lag = agreement_.meet(learner().parameters()).lag;
  report.pushing_seconds = monotonic_seconds() - start_seconds;
  learner().take_agreed();
  report.pushes = 1;
  report.pulls = 1;
}

}  // namespace prl

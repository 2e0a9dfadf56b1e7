#include "parallel/schedule/pushing_worker.hpp"

#include "parallel/transport/communication.hpp"

namespace prl {

PushingWorker::PushingWorker(GradientServer& server, int worker, Actor& actor, Learner& learner,
                             const SegmentView& segment, std::optional<double> solved_return)
    : FreeWorker(worker, actor, learner, segment, solved_return), server_(server) {}

void PushingWorker::learn(SegmentReport& report) {
  const int updates = learner().updates_due();
  for (int update = 0; update < updates; ++update) {
    if (update > 0) pull(report);
    learner().compute_gradient(update, 0);
    const long lag = push(update == updates - 1, report);
    if (update == 0) report.lag = lag;
    learner().finish_update();
  }
  learner().finish_round();
}

void PushingWorker::pull(SegmentReport& report) {
  const double start_seconds = monotonic_seconds();
  server_.pull(learner().parameters());
  report.pulling_seconds += monotonic_seconds() - start_seconds;
  ++report.pulls;
}

long PushingWorker::push(bool segment_ends, SegmentReport& report) {
  const double start_seconds = monotonic_seconds();
  const std::span<const float> gradient = learner().gradient(0);
  const long lag = server_.push(gradient, square_sum(gradient), segment_ends).lag;
  report.pushing_seconds += monotonic_seconds() - start_seconds;
  ++report.pushes;
  return lag;
}

}  // namespace prl

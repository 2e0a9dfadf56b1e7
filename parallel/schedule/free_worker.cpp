#include "parallel/schedule/free_worker.hpp"

#include <numeric>
#include <vector>

#include "parallel/transport/communication.hpp"

namespace prl {

FreeWorker::FreeWorker(int worker, Actor& actor, Learner& learner, const SegmentView& segment,
                       std::optional<double> solved_return)
    : worker_(worker), actor_(actor), learner_(learner), segment_(segment), episodes_(segment.count(), solved_return) {}

bool FreeWorker::work(const std::atomic<bool>& stop, SegmentReport& report) {
  report = {};
  report.worker = worker_;
  prepare(report);
  const double prepared_seconds = monotonic_seconds();
  if (!actor_.collect(learner_.parameters().data(), segment_, stop)) return false;
  const double collected_seconds = monotonic_seconds();
  report.collecting_seconds = collected_seconds - prepared_seconds;
  const std::vector<double> returns = episodes_.finish(segment_);
  report.return_sum = std::accumulate(returns.begin(), returns.end(), 0.0);
  report.episodes = static_cast<long>(returns.size());
  report.environment_steps = steps_taken(segment_);
  report.steps_to_solved = episodes_.steps_to_solved().value_or(0);
  learner_.ingest(SegmentView(segment_.layout(), segment_.bytes(), 0, segment_.count()));
  report.updates = learner_.updates_due();
  learn(report);
  report.replay = learner_.replay_counts();
  report.learning_seconds = monotonic_seconds() - collected_seconds;
  return true;
}

void FreeWorker::serve(SegmentTickets& tickets, const Waiter& waiter) {
  while (tickets.await_begin(worker_, waiter)) {
    actor_.charge_step_cost(tickets.charged());
    SegmentReport report;
    if (work(tickets.ended(), report)) {
      tickets.finish(worker_, report, waiter);
    } else {
      tickets.give_up(worker_);
    }
  }
}

}  // namespace prl

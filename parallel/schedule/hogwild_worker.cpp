#include "parallel/schedule/hogwild_worker.hpp"

#include <numeric>

#include "parallel/transport/communication.hpp"

namespace prl {

HogwildWorker::HogwildWorker(HogwildParameters& parameters, int worker, Actor& actor, Learner& learner,
                             const SegmentView& segment, std::optional<double> solved_return)
    : parameters_(parameters),
      worker_(worker),
      actor_(actor),
      learner_(learner),
      segment_(segment),
      episodes_(segment.count(), solved_return) {}

bool HogwildWorker::work(const std::atomic<bool>& stop, SegmentReport& report) {
  report = {};
  report.worker = worker_;
  const std::uint64_t pushes_at_copy = parameters_.pushes();
  pull(report);
  const double copied_seconds = monotonic_seconds();
  if (!actor_.collect(learner_.parameters().data(), segment_, stop)) return false;
  const double collected_seconds = monotonic_seconds();
  report.collecting_seconds = collected_seconds - copied_seconds;
  const std::vector<double> returns = episodes_.finish(segment_);
  report.return_sum = std::accumulate(returns.begin(), returns.end(), 0.0);
  report.episodes = static_cast<long>(returns.size());
  report.environment_steps = steps_taken(segment_);
  report.steps_to_solved = episodes_.steps_to_solved().value_or(0);
  learner_.ingest(SegmentView(segment_.layout(), segment_.bytes(), 0, segment_.count()));
  for (int update = 0; update < learner_.updates_due(); ++update) {
    if (update > 0) pull(report);
    learner_.compute_gradient(update, 0);
    if (update == 0) report.lag = static_cast<long>(parameters_.pushes() - pushes_at_copy);
    push(report);
  }
  learner_.finish_round();
  report.learning_seconds = monotonic_seconds() - collected_seconds;
  return true;
}

void HogwildWorker::pull(SegmentReport& report) {
  const double start_seconds = monotonic_seconds();
  parameters_.load(learner_.parameters());
  report.pulling_seconds += monotonic_seconds() - start_seconds;
  ++report.pulls;
}

void HogwildWorker::push(SegmentReport& report) {
  const double start_seconds = monotonic_seconds();
  const std::span<const float> gradient = learner_.gradient(0);
  learner_.apply_gradient({0, gradient.size()}, gradient, square_sum(gradient));
  learner_.finish_update();
  parameters_.count_push();
  report.pushing_seconds += monotonic_seconds() - start_seconds;
  ++report.pushes;
}

void HogwildWorker::serve(SegmentTickets& tickets, const Waiter& waiter) {
  while (tickets.await_begin(worker_, waiter)) {
    actor_.charge_step_cost(tickets.charged());
    SegmentReport report;
    if (work(tickets.ended(), report)) {
      tickets.finish(worker_, report);
    } else {
      tickets.give_up(worker_);
    }
  }
}

}  // namespace prl

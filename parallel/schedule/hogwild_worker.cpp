#include "parallel/schedule/hogwild_worker.hpp"

#include <utility>

#include "parallel/transport/communication.hpp"

namespace prl {

HogwildWorker::HogwildWorker(HogwildParameters& parameters, int worker, Actor& actor, Learner& learner,
                             const SegmentView& segment, std::optional<double> solved_return,
                             std::optional<Waiter> lock_waiter)
    : FreeWorker(worker, actor, learner, segment, solved_return),
      parameters_(parameters),
      lock_waiter_(std::move(lock_waiter)) {}

void HogwildWorker::prepare(SegmentReport& report) {
  pushes_at_copy_ = parameters_.pushes();
  pull(report);
}

void HogwildWorker::learn(SegmentReport& report) {
  for (int update = 0; update < learner().updates_due(); ++update) {
    if (update > 0) pull(report);
    learner().compute_gradient(update, 0);
    if (update == 0) report.lag = static_cast<long>(parameters_.pushes() - pushes_at_copy_);
    push(report);
  }
  learner().finish_round();
}

void HogwildWorker::pull(SegmentReport& report) {
  const double start_seconds = monotonic_seconds();
  std::optional<SharedLockHold> held;
  lock_into(held);
  parameters_.load(learner().parameters());
  report.pulling_seconds += monotonic_seconds() - start_seconds;
  ++report.pulls;
}

void HogwildWorker::push(SegmentReport& report) {
  const double start_seconds = monotonic_seconds();
  const std::span<const float> gradient = learner().gradient(0);
  const double gradient_square_sum = square_sum(gradient);
  std::optional<SharedLockHold> held;
  lock_into(held);
  parameters_.begin_push(worker());
  learner().apply_gradient({0, gradient.size()}, gradient, gradient_square_sum);
  learner().finish_update();
  parameters_.end_push(worker());
  report.pushing_seconds += monotonic_seconds() - start_seconds;
  ++report.pushes;
}

void HogwildWorker::lock_into(std::optional<SharedLockHold>& held) {
  if (lock_waiter_) held.emplace(parameters_.lock(), *lock_waiter_);
}

}  // namespace prl

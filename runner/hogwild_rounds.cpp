#include "runner/hogwild_rounds.hpp"

#include <algorithm>
#include <utility>

#include "runner/starting_parameters.hpp"

namespace prl {
namespace {

// Rounds by which the others may be ahead of the one that worker 0 counts: enough that nobody waits for it.
constexpr std::uint64_t kRoundsAhead = 8;

std::uint64_t most_open(const RunConfiguration& c) {
  return (kRoundsAhead + 1) * static_cast<std::uint64_t>(c.workers);
}

// A worker learns from its own segments, one at a time; steps are annealed over those of all workers.
LearnerPlan plan_of_segments(const RunConfiguration& c) {
  return {{1, 0, 1},
          c.environments / c.workers,
          c.steps_per_environment(),
          c.seed,
          (c.rounds + c.warmup_rounds) * c.workers,
          segment_layout(c).cut_rows};
}

SegmentView segment_of(const RunConfiguration& c, int worker, std::byte* blocks) {
  const int count = c.environments / c.workers;
  return {segment_layout(c), blocks, worker * count, count};
}

}  // namespace

HogwildMember::HogwildMember(const RunConfiguration& c, const NetworkLayout& layout, HogwildParameters& parameters,
                             int worker, std::unique_ptr<Actor> actor)
    : actor_(std::move(actor)),
      blocks_(segment_of(c, worker, nullptr).size_bytes()),
      copy_(layout.parameter_count),
      gradient_(layout.parameter_count),
      learner_(make_learner(c.rule, layout, plan_of_segments(c),
                            {copy_.span(), {gradient_.span()}, &parameters.shared(worker)})),
      worker_(parameters, worker, *actor_, *learner_, segment_of(c, worker, blocks_.data()), c.solved_return) {}

HogwildBoard::HogwildBoard(const RunConfiguration& c, std::size_t parameter_count)
    : parameters_(c.workers, parameter_count, c.averages),
      region_("the workers' reports", SegmentTickets::bytes_for(c.workers, most_open(c))),
      tickets_(region_, c.workers, most_open(c)) {}

HogwildRounds::HogwildRounds(const RunConfiguration& c, const NetworkLayout& layout, HogwildBoard& board,
                             std::unique_ptr<Actor> actor, std::function<void()> check_others)
    : workers_(static_cast<std::uint64_t>(c.workers)),
      warmup_rounds_(static_cast<std::uint64_t>(c.warmup_rounds)),
      all_rounds_(warmup_rounds_ + static_cast<std::uint64_t>(c.rounds)),
      board_(board),
      check_others_(std::move(check_others)),
      member_(c, layout, board.parameters(), 0, std::move(actor)) {
  start_parameters(c, layout, member_.copy());
  board_.parameters().store(member_.copy());
}

std::span<float> HogwildRounds::parameters() {
  board_.parameters().load(member_.copy());
  return member_.copy();
}

// No counted segment is begun in a warm-up round: its steps would not pay their cost.
std::uint64_t HogwildRounds::limit_of(std::uint64_t round) const {
  const std::uint64_t last = round < warmup_rounds_ ? warmup_rounds_ : all_rounds_;
  return std::min(round + 1 + kRoundsAhead, last) * workers_;
}

bool HogwildRounds::run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) {
  const double begin_seconds = running_since_seconds_ > 0.0 ? running_since_seconds_ : monotonic_seconds();
  const Waiter waiter = waiter_for(static_cast<int>(workers_), [&] {
    if (stop.load()) board_.tickets().end();
    check_others_();
  });
  outcome.worker_collect_seconds.assign(workers_, 0.0);
  outcome.worker_steps.assign(workers_, 0);
  SegmentTickets& tickets = board_.tickets();
  tickets.open_until(limit_of(round_));
  while (true) {
    SegmentReport report;
    while (tickets.taken() < (round_ + 1) * workers_ && tickets.take(report)) take(outcome, report);
    if (tickets.taken() == (round_ + 1) * workers_) break;
    if (stop.load() || tickets.ended().load()) {
      give_up();
      return false;
    }
    check_others_();
    if (!tickets.begin(0)) {
      tickets.await_report(waiter);
    } else if (member_.worker().work(stop, report)) {
      tickets.finish(0, report);
    } else {
      tickets.give_up(0);
    }
  }
  ++round_;
  running_since_seconds_ = monotonic_seconds();
  outcome.seconds.collect = running_since_seconds_ - begin_seconds + paused_seconds_ - outcome.seconds.learn;
  paused_seconds_ = 0.0;
  return true;
}

void HogwildRounds::take(RoundOutcome& outcome, const SegmentReport& report) {
  if (report.worker == 0) outcome.seconds.learn += report.learning_seconds;
  outcome.training_return_sum += report.return_sum;
  outcome.training_episodes += report.episodes;
  if (report.steps_to_solved > 0 && !outcome.steps_to_solved) {
    outcome.steps_to_solved = outcome.environment_steps + report.steps_to_solved;
  }
  outcome.worker_steps[static_cast<std::size_t>(report.worker)] += report.environment_steps;
  outcome.environment_steps += report.environment_steps;
  outcome.worker_collect_seconds[static_cast<std::size_t>(report.worker)] += report.collecting_seconds;
  outcome.lags.push_back(report.lag);
  for (std::uint64_t pull = 0; pull < report.pulls; ++pull) {
    ledger_.add_message(Purpose::kWeights, board_.parameters().size_bytes());
  }
  for (std::uint64_t push = 0; push < report.pushes; ++push) {
    ledger_.add_message(Purpose::kGradients, board_.parameters().size_bytes());
  }
  if (report.worker != 0) return;
  ledger_.add_transfer(Purpose::kWeights, report.pulling_seconds);
  ledger_.add_transfer(Purpose::kGradients, report.pushing_seconds);
}

void HogwildRounds::pause() {
  board_.tickets().pause(waiter_for(static_cast<int>(workers_), check_others_));
  if (running_since_seconds_ > 0.0) paused_seconds_ += monotonic_seconds() - running_since_seconds_;
  running_since_seconds_ = 0.0;
}

// The others leave, so that the parameters stay as they are.
void HogwildRounds::give_up() {
  board_.tickets().end();
  pause();
}

void HogwildRounds::charge_step_cost(bool charge) {
  board_.tickets().charge_step_cost(charge);
  member_.actor().charge_step_cost(charge);
}

}  // namespace prl

#include "runner/mpi_server_rounds.hpp"

#include <algorithm>
#include <utility>

#include "parallel/schedule/pushing_worker.hpp"
#include "parallel/schedule/server_worker.hpp"
#include "runner/free_learner_plan.hpp"

namespace prl {

MpiServedWorker::MpiServedWorker(const RunConfiguration& c, const NetworkLayout& layout, const MpiSession& session,
                                 const MpiServerRanks& ranks, std::unique_ptr<Actor> actor,
                                 std::span<const float> start)
    : actor_(std::move(actor)),
      blocks_(segment_of(c, session.rank(), nullptr).size_bytes()),
      own_(layout.parameter_count),
      gradient_(layout.parameter_count),
      servers_(session, ranks, c.refresh_after_merge),
      segments_(session, ranks) {
  std::copy(start.begin(), start.end(), own_.data());
  learner_ = make_learner(c.rule, layout, plan_of_segments(c), {own_.span(), {gradient_.span()}});
  const SegmentView segment = segment_of(c, session.rank(), blocks_.data());
  if (merges_parameters(c)) {
    worker_ = std::make_unique<ServerWorker>(servers_, session.rank(), *actor_, *learner_, segment, c.agree_every,
                                             c.solved_return);
  } else {
    worker_ = std::make_unique<PushingWorker>(servers_, session.rank(), *actor_, *learner_, segment, c.solved_return);
  }
}

MpiServerRounds::MpiServerRounds(const RunConfiguration& c, const NetworkLayout& layout, MpiSession& session,
                                 const MpiServerRanks& ranks, std::unique_ptr<Actor> actor,
                                 std::span<const float> start)
    : configuration_(c),
      session_(session),
      member_(c, layout, session, ranks, std::move(actor), start),
      counts_(c.workers, layout.parameter_count * sizeof(float),
              merges_parameters(c) ? Purpose::kWeights : Purpose::kGradients, member_.learner().replay_counts()),
      seen_(layout.parameter_count) {}

std::span<float> MpiServerRounds::parameters() {
  member_.servers().look(seen_.span());
  return seen_.span();
}

bool MpiServerRounds::run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) {
  const double begin_seconds = running_since_seconds_ > 0.0 ? running_since_seconds_ : monotonic_seconds();
  counts_.begin_round(outcome);
  MpiSegments& segments = member_.segments();
  const std::uint64_t last = (round_ + 1) * static_cast<std::uint64_t>(configuration_.workers);
  segments.open_until(segments_open_in(configuration_, round_), charged_);
  while (true) {
    SegmentReport report;
    while (segments.taken() < last && segments.take(report)) take(outcome, report);
    if (segments.taken() == last) break;
    if (stop.load()) {
      give_up();
      return false;
    }
    if (!segments.begin()) {
      segments.await_news([&stop] { return stop.load(); });
    } else if (member_.worker().work(stop, report)) {
      segments.finish(report);
    }
  }
  ++round_;
  running_since_seconds_ = monotonic_seconds();
  outcome.seconds.collect = running_since_seconds_ - begin_seconds + paused_seconds_ - outcome.seconds.learn;
  paused_seconds_ = 0.0;
  return true;
}

void MpiServerRounds::take(RoundOutcome& outcome, const SegmentReport& report) {
  counts_.take(outcome, report);
  CommunicationCount control{MpiSegments::kBytesOfSegment, MpiSegments::kMessagesOfSegment, 0.0, 0.0};
  const std::uint64_t calls = (merges_parameters(configuration_) ? report.pushes : report.pushes + report.pulls) *
                              static_cast<std::uint64_t>(configuration_.server_shards);
  control.bytes += calls * (sizeof(ServerCall) + sizeof(ServerAnswer));
  control.messages += 2 * calls;
  counts_.ledger().add(Purpose::kControl, control);
}

void MpiServerRounds::pause() {
  member_.segments().pause();
  if (running_since_seconds_ > 0.0) paused_seconds_ += monotonic_seconds() - running_since_seconds_;
  running_since_seconds_ = 0.0;
}

// The others leave, so that the parameters stay as they are.
void MpiServerRounds::give_up() {
  session_.stop().store(true);
  member_.segments().end();
  ended_ = true;
  pause();
}

void MpiServerRounds::charge_step_cost(bool charge) {
  charged_ = charge;
  member_.actor().charge_step_cost(charge);
}

void MpiServerRounds::leave() {
  if (!ended_) member_.segments().end();
  ended_ = true;
  member_.servers().leave();
}

}  // namespace prl

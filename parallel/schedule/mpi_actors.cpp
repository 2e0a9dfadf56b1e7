#include "parallel/schedule/mpi_actors.hpp"

#include <algorithm>
#include <utility>

#include "core/step_cost.hpp"
#include "parallel/collect/collector.hpp"
#include "parallel/transport/core_share.hpp"

namespace prl {
namespace {

constexpr int kLearners = 1;

// Bits of a permit's flag.
constexpr std::uint16_t kCharged = 1;
constexpr std::uint16_t kWeightsFollow = 2;

// Ends a wait without an error.
struct Stopped {};

const CollectionPlan& checked(const CollectionPlan& plan, int queue_depth, const MpiSession& session) {
  check_mpi_plan(plan, session, kLearners);
  return checked_free_plan(plan, queue_depth);
}

template <typename T>
std::span<const T> one(const T& value) {
  return {&value, 1};
}

}  // namespace

MpiActors::MpiActors(const CollectionPlan& plan, int queue_depth, MpiSession& session)
    : plan_(checked(plan, queue_depth, session)),
      session_(session),
      region_("parameters and trajectories",
              ParameterVersions::bytes_for(plan.workers, plan.parameter_count) +
                  TrajectoryQueues::bytes_for(plan.workers, queue_depth, free_segment_bytes(plan))),
      versions_(region_, plan.workers, plan.parameter_count),
      queues_(region_, plan.workers, queue_depth, free_segment_bytes(plan)),
      account_(plan),
      links_(static_cast<std::size_t>(plan.workers)) {
  for (int actor = 0; actor < plan.workers; ++actor) {
    links_[static_cast<std::size_t>(actor)].peer = {session.communicator(), actor + kLearners};
  }
  courier_ = std::thread([this] { carry(); });
}

MpiActors::~MpiActors() {
  session_.stop().store(true);
  ending_.store(true);
  session_.ring(session_.rank());
  courier_.join();
  session_.stop().store(false);
}

void MpiActors::publish(std::span<const float> parameters) {
  const double start_seconds = monotonic_seconds();
  versions_.publish(parameters);
  ledger().add_transfer(Purpose::kWeights, monotonic_seconds() - start_seconds);
  if (begun_.load(std::memory_order_relaxed)) return;
  begun_.store(true);
  session_.ring(session_.rank());
}

bool MpiActors::take(const std::atomic<bool>& stop, Arrival& arrival) {
  // The courier may work at the same time, too.
  const Waiter waiter = waiter_for(plan_.workers + 2, [&] {
    if (stop.load()) throw Stopped{};
    if (failed_.load()) std::rethrow_exception(failure_);
  });
  try {
    account_.take(queues_, waiter, charge_.load(std::memory_order_relaxed), arrival);
  } catch (const Stopped&) {
  }
  if (stop.load()) {
    // At once: mpirun gives the ranks a second to leave.
    session_.stop().store(true);
    return false;
  }
  account_.count(versions_.published(), arrival);
  for (int message = 0; message < 2; ++message) ledger().add_message(Purpose::kControl, sizeof(RoundHeader));
  return true;
}

void MpiActors::release(const Arrival& arrival) {
  queues_.release(arrival.taken);
  session_.ring(session_.rank());
}

void MpiActors::carry() {
  leave_core_share();
  try {
    while (!all_ended()) {
      session_.waiting().until([this] { return look(); });
    }
  } catch (...) {
    failure_ = std::current_exception();
    failed_.store(true);
  }
}

bool MpiActors::all_ended() const {
  return std::all_of(links_.begin(), links_.end(), [](const Link& link) {
    return link.state == State::kEnded && link.requests[kPermit] == MPI_REQUEST_NULL;
  });
}

bool MpiActors::look() {
  bool moved = false;
  for (int actor = 0; actor < plan_.workers; ++actor) {
    Link& link = links_[static_cast<std::size_t>(actor)];
    if (take_messages(actor)) moved = true;
    const bool waits = link.state == State::kIdle || link.state == State::kGivenUp;
    if (waits && (ending_.load() ? send_end(link) : send_permit(actor))) moved = true;
  }
  return moved;
}

bool MpiActors::take_messages(int actor) {
  Link& link = links_[static_cast<std::size_t>(actor)];
  int finished[kMessages];
  int count = 0;
  check_mpi(MPI_Testsome(kMessages, link.requests, &count, finished, MPI_STATUSES_IGNORE), "exchange with an actor");
  if (count == MPI_UNDEFINED || count == 0) return false;
  // Once the weights have left or the trajectories are there, a sleeping sender or receiver may have to finish its part.
  session_.ring(link.peer.rank);
  const std::span<int> done(finished, static_cast<std::size_t>(count));
  const auto is_done = [&](Message message) { return std::find(done.begin(), done.end(), message) != done.end(); };
  if (is_done(kWeights)) versions_.release(actor);
  if (is_done(kAnswer)) link.answered_seconds = monotonic_seconds();
  const bool complete = link.requests[kAnswer] == MPI_REQUEST_NULL && link.requests[kTrajectories] == MPI_REQUEST_NULL;
  if (link.state != State::kActing || !complete) return true;
  link.state = link.answer.flag != 0 ? State::kIdle : State::kGivenUp;
  if (link.answer.flag == 0) return true;
  link.note.collecting_seconds = link.answer.collecting_seconds;
  link.note.receiving_seconds = static_cast<double>(link.answer.receiving_seconds);
  link.note.sending_seconds = monotonic_seconds() - link.answered_seconds;
  queues_.put(actor, link.note);
  return true;
}

bool MpiActors::send_permit(int actor) {
  Link& link = links_[static_cast<std::size_t>(actor)];
  if (!begun_.load() || link.state != State::kIdle || !link.free_to_send()) return false;
  const std::span<std::byte> slot = queues_.free_slot(actor);
  if (slot.empty()) return false;
  const ParameterVersions::Held held = versions_.hold_latest(actor);
  const bool newer = link.version != held.number;
  link.note.version = held.number;
  link.note.charged = charge_.load();
  link.permit.flag = static_cast<std::uint16_t>((link.note.charged ? kCharged : 0) | (newer ? kWeightsFollow : 0));
  // Before the permit leaves, so that whatever comes back finds its place.
  link.requests[kAnswer] = start_receive(link.peer, kHeaderTag, std::span(&link.answer, 1));
  link.requests[kTrajectories] = start_receive(link.peer, kTrajectoriesTag, slot.first(free_segment_bytes(plan_)));
  link.requests[kPermit] = post_send(link.peer, kHeaderTag, one(link.permit));
  if (newer) {
    link.requests[kWeights] =
        post_send(link.peer, kWeightsTag, std::span<const float>(held.parameters, plan_.parameter_count));
    link.version = held.number;
  } else {
    versions_.release(actor);
  }
  link.state = State::kActing;
  session_.ring(link.peer.rank);
  return true;
}

bool MpiActors::send_end(Link& link) {
  if (!link.free_to_send()) return false;
  link.permit = {RoundCommand::kEnd, 0, 0.0F, 0.0};
  link.requests[kPermit] = post_send(link.peer, kHeaderTag, one(link.permit));
  link.state = State::kEnded;
  session_.ring(link.peer.rank);
  return true;
}

void serve_mpi_learner(const CollectionPlan& plan, const ActorFactory& make_actor, MpiSession& session) {
  check_mpi_plan(plan, session, kLearners);
  const int actor = session.rank() - kLearners;
  const EnvironmentRange range = environments_of(actor, plan.workers, plan.environments);
  AlignedBuffer<float> parameters(plan.parameter_count);
  AlignedBuffer<std::byte> blocks(free_segment_bytes(plan));
  const SegmentView part(plan.layout, blocks.data(), range.first, range.count);
  const std::unique_ptr<Actor> environments = make_actor(range.first, range.count);
  slow_down_this_thread(plan.slowness_of(actor));
  while (true) {
    RoundHeader permit;
    receive(session, 0, kHeaderTag, std::span(&permit, 1));
    if (permit.command == RoundCommand::kEnd) return;
    const double arrival_seconds = monotonic_seconds();
    if ((permit.flag & kWeightsFollow) != 0) receive(session, 0, kWeightsTag, parameters.span());
    environments->charge_step_cost((permit.flag & kCharged) != 0);
    const double start_seconds = monotonic_seconds();
    const bool complete = environments->collect(parameters.data(), part, session.stop());
    const RoundHeader answer{RoundCommand::kCollect, static_cast<std::uint16_t>(complete ? 1 : 0),
                             static_cast<float>(start_seconds - arrival_seconds), monotonic_seconds() - start_seconds};
    // They leave before the next segment begins, which costs the wire's time: the courier takes them at once.
    MPI_Request sends[] = {start_send(session, 0, kHeaderTag, one(answer)),
                           start_send(session, 0, kTrajectoriesTag, std::span<const std::byte>(blocks.span()))};
    finish_all(session, sends, [] {});
  }
}

}  // namespace prl

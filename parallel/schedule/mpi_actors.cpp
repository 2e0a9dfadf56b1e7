#include "parallel/schedule/mpi_actors.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/step_cost.hpp"
#include "parallel/collect/collector.hpp"
#include "parallel/transport/core_share.hpp"

namespace prl {
namespace {

constexpr int kLearners = 1;

// Ends a wait without an error.
struct Stopped {};

const CollectionPlan& checked(const CollectionPlan& plan, const MpiSession& session) {
  check_mpi_plan(plan, session, kLearners);
  return plan;
}

template <typename T>
std::span<const T> one(const T& value) {
  return {&value, 1};
}

}  // namespace

MpiActors::MpiActors(const CollectionPlan& plan, int queue_depth, MpiSession& session, Unmanned)
    : plan_(checked_free_plan(plan, queue_depth)),
      session_(session),
      region_("parameters and trajectories",
              ParameterVersions::bytes_for(plan.workers, plan.parameter_count) +
                  TrajectoryQueues::bytes_for(plan.workers, queue_depth, free_segment_bytes(plan))),
      versions_(region_, plan.workers, plan.parameter_count),
      queues_(region_, plan.workers, queue_depth, free_segment_bytes(plan)),
      account_(plan),
      links_(static_cast<std::size_t>(plan.workers)) {}

MpiActors::MpiActors(const CollectionPlan& plan, int queue_depth, MpiSession& session)
    : MpiActors(checked(plan, session), queue_depth, session, Unmanned{}) {
  for (int actor = 0; actor < plan.workers; ++actor) {
    links_[static_cast<std::size_t>(actor)] =
        std::make_unique<MpiActorLink>(plan_, actor, MpiPeer{session.communicator(), actor + kLearners},
                                       LinkBuffers::kInPlace, false, versions_, queues_);
  }
  courier_ = std::thread([this] { carry(); });
}

MpiActors::MpiActors(const CollectionPlan& plan, int queue_depth, MpiSession& session,
                     std::unique_ptr<MpiSpawner> spawner)
    : MpiActors(plan, queue_depth, session, Unmanned{}) {
  places_ = std::make_unique<MpiActorPlaces>(plan_, std::move(spawner), session, versions_, queues_);
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
  if (places_ != nullptr && (!ending_.load() || places_->starting())) return false;
  return std::all_of(links_.begin(), links_.end(), [](const auto& link) { return link == nullptr || link->ended(); });
}

bool MpiActors::look() {
  bool moved = places_ != nullptr && places_->tend(links_, ending_.load());
  for (const auto& link : links_) {
    if (link == nullptr) continue;
    const bool taken = link->take_messages();
    const bool permitted = !ending_.load() && begun_.load() && link->send_permit(charge_.load());
    if (permitted && places_ != nullptr) places_->count_begun();
    if (!taken && !permitted && !(ending_.load() && link->send_end())) continue;
    moved = true;
    // Once the weights have left or the trajectories are there, a sleeping sender or receiver may have to finish its part.
    ring(session_, link->peer());
  }
  return moved;
}

std::optional<FaultCounts> MpiActors::faults() const {
  if (places_ == nullptr) return std::nullopt;
  return places_->counts();
}

namespace {

// What a process that a learner has started is called from its first permit on: it has joined.
constexpr const char* kJoinedName = "prl-actor";

struct ActorPost {
  int actor = 0;
  MpiPeer learner;
  std::uint32_t start = 0;  // the how many-th in its place
};

void act_at(const ActorPost& post, const CollectionPlan& plan, const ActorFactory& make_actor,
            const MpiSession& session, const std::atomic<bool>& stop) {
  const EnvironmentRange range = environments_of(post.actor, plan.workers, plan.environments);
  AlignedBuffer<float> parameters(plan.parameter_count);
  AlignedBuffer<std::byte> blocks(free_segment_bytes(plan));
  const SegmentView part(plan.layout, blocks.data(), range.first, range.count);
  const std::unique_ptr<Actor> environments = make_actor(range.first, range.count);
  if (post.start > 0) environments->start_anew(first_step_of_start(post.start));
  slow_down_this_thread(plan.slowness_of(post.actor));
  bool joined = post.learner.communicator == session.communicator();
  while (true) {
    RoundHeader permit;
    receive(session, post.learner, kHeaderTag, std::span(&permit, 1));
    if (permit.command == RoundCommand::kEnd) return;
    if (!std::exchange(joined, true)) prctl(PR_SET_NAME, kJoinedName);
    const double arrival_seconds = monotonic_seconds();
    if ((permit.flag & kPermitWeightsFollow) != 0) receive(session, post.learner, kWeightsTag, parameters.span());
    environments->charge_step_cost((permit.flag & kPermitCharged) != 0);
    const double start_seconds = monotonic_seconds();
    const bool complete = environments->collect(parameters.data(), part, stop);
    const RoundHeader answer{RoundCommand::kCollect, static_cast<std::uint16_t>(complete ? 1 : 0),
                             static_cast<float>(start_seconds - arrival_seconds), monotonic_seconds() - start_seconds};
    // They leave before the next segment begins, which costs the wire's time: the courier takes them at once.
    MPI_Request sends[] = {post_send(post.learner, kHeaderTag, one(answer)),
                           post_send(post.learner, kTrajectoriesTag, std::span<const std::byte>(blocks.span()))};
    ring(session, post.learner);
    finish_all(session, sends, [] {});
  }
}

}  // namespace

void serve_mpi_learner(const CollectionPlan& plan, const ActorFactory& make_actor, MpiSession& session) {
  check_mpi_plan(plan, session, kLearners);
  const ActorPost post{session.rank() - kLearners, {session.communicator(), 0}};
  act_at(post, plan, make_actor, session, session.stop());
}

void serve_starting_learner(const CollectionPlan& plan, const ActorFactory& make_actor, const SpawnedPlace& place) {
  LifelineCaller caller = place.caller;
  caller.process = static_cast<std::uint32_t>(getpid());
  LifelineCall line(place.address, caller);
  const auto actor = static_cast<int>(caller.place);
  MpiSession session(JobBeside{actor + kLearners, plan.workers + kLearners});
  if (!line.local()) leave_core_share();
  MPI_Comm learner = MPI_COMM_NULL;
  check_mpi(MPI_Comm_get_parent(&learner), "find the learner");
  if (learner == MPI_COMM_NULL || actor >= plan.workers) {
    throw std::runtime_error("this process was started as an actor, and not by a learner: only a run starts one");
  }
  check_mpi(MPI_Comm_set_errhandler(learner, MPI_ERRORS_RETURN), "set an error handler");
  act_at({actor, {learner, 0}, caller.start}, plan, make_actor, session, line.told_to_stop());
  line.expect_end();
}

}  // namespace prl

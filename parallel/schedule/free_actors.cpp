#include "parallel/schedule/free_actors.hpp"

#include <utility>

#include "core/step_cost.hpp"
#include "parallel/transport/core_share.hpp"

namespace prl {
namespace {

// Ends a wait without an error.
struct Stopped {};

}  // namespace

FreeActors::FreeActors(const CollectionPlan& plan, ActorPlace place, int queue_depth, const ActorFactory& make_actor)
    : plan_(checked_free_plan(plan, queue_depth)),
      region_("parameters and trajectories",
              ParameterVersions::bytes_for(plan.workers, plan.parameter_count) +
                  TrajectoryQueues::bytes_for(plan.workers, queue_depth, free_segment_bytes(plan)) +
                  SharedRegion::bytes_for<Words>(1) +
                  SharedRegion::bytes_for<Account>(static_cast<std::size_t>(plan.workers))),
      versions_(region_, plan.workers, plan.parameter_count),
      queues_(region_, plan.workers, queue_depth, free_segment_bytes(plan)),
      words_(region_.make<Words>()),
      accounts_(region_.carve<Account>(static_cast<std::size_t>(plan.workers))),
      account_(plan),
      share_(0, plan.workers + 1) {
  if (place == ActorPlace::kProcesses) {
    processes_ = std::make_unique<Nursery>(
        plan.workers + 1, [&](int member) { run_actor(member - 1, make_actor); }, [this] { tell_to_stop(); },
        [this](int member) { return recover(member - 1); });
    return;
  }
  try {
    for (int actor = 0; actor < plan.workers; ++actor) {
      threads_.emplace_back([this, actor, make_actor] { run_actor(actor, make_actor); });
    }
  } catch (...) {
    tell_to_stop();
    for (std::thread& thread : threads_) thread.join();
    throw;
  }
}

FreeActors::~FreeActors() {
  tell_to_stop();
  for (std::thread& thread : threads_) thread.join();
}

void FreeActors::tell_to_stop() {
  words_.end.store(true);
  words_.begin.ring();
  queues_.end();
}

void FreeActors::run_actor(int actor, const ActorFactory& make_actor) {
  request_precise_sleep();
  keep_to_core_share(actor + 1, plan_.workers + 1);
  slow_down_this_thread(plan_.slowness_of(actor));
  const EnvironmentRange range = environments_of(actor, plan_.workers, plan_.environments);
  const std::unique_ptr<Actor> environments = make_actor(range.first, range.count);
  Account& account = accounts_[static_cast<std::size_t>(actor)];
  bool restarted = account.starts.load() > 0;
  if (restarted) environments->start_anew(first_step_of_start(account.starts.load()));
  // The learner works at the same time as all actors.
  const Waiter waiter = waiter_for(plan_.workers + 1);
  words_.begin.wait([this] { return words_.begun.load() || words_.end.load(); }, waiter);
  while (!words_.end.load()) {
    const std::span<std::byte> blocks = queues_.await_free(actor, waiter);
    if (blocks.empty()) return;
    account.begun.fetch_add(1, std::memory_order_relaxed);
    const bool charged = words_.charge.load();
    environments->charge_step_cost(charged);
    const SegmentView part(plan_.layout, blocks.data(), range.first, range.count);
    const double start_seconds = monotonic_seconds();
    const ParameterVersions::Held held = versions_.hold_latest(actor);
    const bool complete = environments->collect(held.parameters, part, words_.end);
    versions_.release(actor);
    if (!complete) return;
    TrajectoryNote note{held.number, monotonic_seconds() - start_seconds, charged};
    note.restarted = std::exchange(restarted, false);
    queues_.put(actor, note);
  }
}

bool FreeActors::recover(int actor) {
  Account& account = accounts_[static_cast<std::size_t>(actor)];
  versions_.release(actor);
  queues_.recover(actor);
  account.starts.fetch_add(1);
  const std::uint64_t put = queues_.put_by(actor);
  account.lost.store(account.begun.load() - put);
  return std::exchange(account.put_before, put) < put;
}

std::optional<FaultCounts> FreeActors::faults() const {
  if (processes_ == nullptr) return std::nullopt;
  FaultCounts counts = processes_->counts();
  for (const Account& account : accounts_) {
    counts.segments_begun += static_cast<long>(account.begun.load());
    counts.segments_lost += static_cast<long>(account.lost.load());
  }
  return counts;
}

void FreeActors::publish(std::span<const float> parameters) {
  const double start_seconds = monotonic_seconds();
  versions_.publish(parameters);
  account_.ledger().add_transfer(Purpose::kWeights, monotonic_seconds() - start_seconds);
  if (words_.begun.load(std::memory_order_relaxed)) return;
  words_.begun.store(true);
  words_.begin.ring();
}

bool FreeActors::take(const std::atomic<bool>& stop, Arrival& arrival) {
  const Waiter waiter = waiter_for(plan_.workers + 1, [&] {
    if (stop.load()) throw Stopped{};
    if (processes_ != nullptr) processes_->check();
  });
  try {
    account_.take(queues_, waiter, words_.charge.load(std::memory_order_relaxed), arrival);
  } catch (const Stopped&) {
    return false;
  }
  account_.count(versions_.published(), arrival);
  return !stop.load();
}

}  // namespace prl

// Actors that run freely beside one learner, in threads or forked processes: each acts with the latest parameters that the
// learner has published when it begins a segment, and queues the segment's trajectories. Nobody waits for anybody but at
// a queue that is full or empty. The policy that acted may be older than the learner's by the time that it learns: the
// difference, in versions, is the lag (Espeholt et al., "IMPALA" (2018), section 3).
//
// The order of arrivals depends on timing, so the bits of a run do not repeat.
//
// An actor whose process dies is replaced (parallel/transport/nursery.hpp), and the others go on. What it had put is
// learned from; the segment that it was at is lost and its slot is the next one's; the version that it held is let go. The
// one in its place starts new episodes, with random numbers that none before it can have drawn.
//
// What is counted, as the learner sees it, with S bytes of parameters:
//   weights        S for every segment that was begun with another version than the actor's last one; read in place
//   trajectories   an actor's blocks for every segment; read in place
// `transfer_seconds` of the weights is the time to publish them; `waiting_seconds` of the trajectories is the learner's
// wait for a segment.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "core/actor.hpp"
#include "parallel/collect/collection_plan.hpp"
#include "parallel/collect/collector.hpp"
#include "parallel/schedule/arrival_account.hpp"
#include "parallel/schedule/parameter_versions.hpp"
#include "parallel/schedule/segment_source.hpp"
#include "parallel/schedule/trajectory_queues.hpp"
#include "parallel/transport/core_share.hpp"
#include "parallel/transport/nursery.hpp"

namespace prl {

enum class ActorPlace { kThreads, kProcesses };

class FreeActors final : public SegmentSource {
 public:
  // plan.workers actors, none of them the caller; each has plan.environments / plan.workers environments. They start with
  // the first publish(). Throws std::invalid_argument for a plan whose environments are not shared evenly or a depth below
  // 1, std::runtime_error where threads or processes cannot be had.
  FreeActors(const CollectionPlan& plan, ActorPlace place, int queue_depth, const ActorFactory& make_actor);
  ~FreeActors() override;
  FreeActors(const FreeActors&) = delete;
  FreeActors& operator=(const FreeActors&) = delete;

  void publish(std::span<const float> parameters) override;
  bool take(const std::atomic<bool>& stop, Arrival& arrival) override;
  void release(const Arrival& arrival) override { queues_.release(arrival.taken); }
  void charge_step_cost(bool charge) override { words_.charge.store(charge); }
  CommunicationLedger& ledger() override { return account_.ledger(); }

  // Of processes; empty for threads.
  std::optional<FaultCounts> faults() const override;

 private:
  // What is left of an actor that dies.
  struct alignas(kCacheLineBytes) Account {
    std::atomic<std::uint32_t> starts{0};  // in the place of one that died
    std::atomic<std::uint64_t> begun{0};   // segments
    std::atomic<std::uint64_t> lost{0};
    std::uint64_t put_before = 0;  // the last start
  };
  struct Words {
    std::atomic<bool> end{false};
    std::atomic<bool> charge{true};
    std::atomic<bool> begun{false};
    Doorbell begin;
  };

  void run_actor(int actor, const ActorFactory& make_actor);
  bool recover(int actor);
  void tell_to_stop();

  CollectionPlan plan_;
  SharedRegion region_;
  ParameterVersions versions_;
  TrajectoryQueues queues_;
  Words& words_;
  std::span<Account> accounts_;  // by actor
  ArrivalAccount account_;
  std::unique_ptr<Nursery> processes_;
  std::vector<std::thread> threads_;
  CoreShare share_;
};

}  // namespace prl

// Actors that run freely beside one learner, as MPI ranks: rank 0 learns, every other rank is an actor.
//
// On rank 0 a thread of its own, the courier, makes all calls of MPI, so that messages move while the learner learns. It
// keeps the learner's queues and parameter versions (trajectory_queues.hpp, parameter_versions.hpp), as if the actors were
// processes of the same host:
//
//   courier   slot of the actor free:  permit (16 bytes), and the latest version if the actor has another
//   actor     permit is there:         collects, then an answer (16 bytes) and its trajectories, received in the slot
//
// A permit is a request for a segment and the answer to the one before it, so an actor has the parameters that are the
// latest when it begins, as actors that read them in place; with queue_depth segments of it not yet released it has to wait
// for one. It waits for the wire and for the courier, but never for the learner. No buffer is allocated after the start:
// an actor has at most one permit, one version and one segment under way.
//
// The actors are the launcher's ranks, or jobs of one rank each that the learner starts (mpi_actor_places.hpp): then the
// run goes on when one dies, and another takes its place.
//
// What is counted, as the learner sees it, with S bytes of parameters:
//   weights        S for every segment that was begun with another version than the actor's last one
//   trajectories   an actor's blocks for every segment
//   control        2 * 16 for every segment: a permit and an answer
// `transfer_seconds` of the weights is the time to publish them and the sum of the actors' times to take them in; of the
// trajectories the sum over segments of the time from answer to trajectories. Both run beside the learner. Its own wait for
// a segment is `waiting_seconds` of the trajectories.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "core/actor.hpp"
#include "parallel/collect/mpi_messages.hpp"
#include "parallel/schedule/arrival_account.hpp"
#include "parallel/schedule/mpi_actor_link.hpp"
#include "parallel/schedule/mpi_actor_places.hpp"
#include "parallel/schedule/parameter_versions.hpp"

namespace prl {

class MpiActors final : public SegmentSource {
 public:
  // On rank 0, of plan.workers + 1 ranks; the others run serve_mpi_learner(). `session`, which must outlive it, is the
  // courier's from here on. Throws std::invalid_argument for a plan that cannot be or a depth below 1.
  MpiActors(const CollectionPlan& plan, int queue_depth, MpiSession& session);
  // Starts the plan's workers by `spawner`, beside the session's one rank.
  MpiActors(const CollectionPlan& plan, int queue_depth, MpiSession& session, std::unique_ptr<MpiSpawner> spawner);
  // Tells the actors to return; those of this host leave the segment that they are at.
  ~MpiActors() override;
  MpiActors(const MpiActors&) = delete;
  MpiActors& operator=(const MpiActors&) = delete;

  void publish(std::span<const float> parameters) override;
  bool take(const std::atomic<bool>& stop, Arrival& arrival) override;
  void release(const Arrival& arrival) override;
  void charge_step_cost(bool charge) override { charge_.store(charge); }
  CommunicationLedger& ledger() override { return account_.ledger(); }
  // Of actors that it has started itself.
  std::optional<FaultCounts> faults() const override;

 private:
  struct Unmanned {};
  MpiActors(const CollectionPlan& plan, int queue_depth, MpiSession& session, Unmanned);

  void carry();
  // Of the courier: whether anything has moved.
  bool look();
  bool all_ended() const;

  CollectionPlan plan_;
  MpiSession& session_;
  SharedRegion region_;
  ParameterVersions versions_;
  TrajectoryQueues queues_;
  ArrivalAccount account_;
  std::vector<std::unique_ptr<MpiActorLink>> links_;  // by actor; null while there is none
  std::unique_ptr<MpiActorPlaces> places_;            // of actors that it starts itself
  std::atomic<bool> begun_{false};
  std::atomic<bool> ending_{false};
  std::atomic<bool> charge_{true};
  std::atomic<bool> failed_{false};
  std::exception_ptr failure_;  // the courier's
  std::thread courier_;
};

// What the ranks after 0 do until rank 0's object is destroyed. The plan is rank 0's.
void serve_mpi_learner(const CollectionPlan& plan, const ActorFactory& make_actor, MpiSession& session);

// What a process that a learner has started by MpiSpawner does, MPI included, until that tells it to return. It begins anew
// where it takes the place of another. Ends the process when the learner ends.
void serve_starting_learner(const CollectionPlan& plan, const ActorFactory& make_actor, const SpawnedPlace& place);

}  // namespace prl

// The places of actors that the learner starts itself, each as an MPI job of one rank (transport/mpi_spawner.hpp): a place
// whose actor dies is taken by another, and the run goes on meanwhile.
//
// What Open MPI 4.1 allows of it: that its other jobs live on (mpirun --enable-recovery), and that new ones start. It tells
// nobody of the death, which the lifeline does, and messages with the dead never end, so their buffers are kept until MPI
// is finalised. A place is given up when kMostFruitlessStarts processes in a row have died before they had finished a
// segment, or could not be started; the run goes on with the others, and ends when no place is left. Of processes that are
// killed in the first 50 ms of their MPI_Init, some leave mpirun unable to start any more (seen with PMIx 4.2): once
// kMostVainStarts starts in a row have failed, nobody is started again.
//
// All calls are the courier's (mpi_actors.hpp), but counts().
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "parallel/schedule/mpi_actor_link.hpp"
#include "parallel/transport/fault_counts.hpp"
#include "parallel/transport/mpi_spawner.hpp"

namespace prl {

class MpiActorPlaces {
 public:
  using Links = std::vector<std::unique_ptr<MpiActorLink>>;  // by actor; null where there is none

  // Asks for an actor in each place of the plan. All but the spawner must outlive this; so must links.
  MpiActorPlaces(const CollectionPlan& plan, std::unique_ptr<MpiSpawner> spawner, MpiSession& session,
                 ParameterVersions& versions, TrajectoryQueues& queues);

  // Takes the dead from `links`, puts those that have been started in, and asks for successors unless the run is
  // `ending`: then the living are told to stop. Returns whether anything has changed. Throws WorkerDied once no place is
  // left.
  bool tend(Links& links, bool ending);

  // Whether a process is being started that is worth waiting for at the end.
  bool starting() const;

  // Of a segment that an actor was let begin.
  void count_begun() { begun_.fetch_add(1, std::memory_order_relaxed); }
  FaultCounts counts() const;

 private:
  struct Place {
    std::optional<Lifeline> line;  // to its actor
    std::uint32_t starts = 0;
    int fruitless = 0;  // starts in a row
    bool given_up = false;
  };

  void take_in(Links& links, MpiSpawner::Outcome outcome);
  void bury(int actor, std::unique_ptr<MpiActorLink>& link);
  // After a death or a vain start, of which `what` tells.
  void fill_again(int actor, const std::string& what);

  CollectionPlan plan_;
  MpiSession& session_;
  ParameterVersions& versions_;
  TrajectoryQueues& queues_;
  std::unique_ptr<MpiSpawner> spawner_;
  std::vector<Place> places_;  // by actor
  int vain_starts_ = 0;        // in a row, whoever they were for
  double looked_seconds_ = 0.0;
  std::optional<double> ending_seconds_;  // since when
  std::atomic<long> ended_{0};
  std::atomic<long> replaced_{0};
  std::atomic<long> begun_{0};
  std::atomic<long> lost_{0};
};

}  // namespace prl

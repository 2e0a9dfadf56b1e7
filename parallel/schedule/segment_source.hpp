// Where a learner that waits for nobody has its segments from: actors that run freely beside it, be they threads, forked
// processes or MPI ranks. Each acts with the latest parameters that the learner has published when it begins a segment.
#pragma once

#include <atomic>
#include <optional>
#include <span>

#include "core/segment.hpp"
#include "parallel/schedule/trajectory_queues.hpp"
#include "parallel/transport/communication.hpp"
#include "parallel/transport/fault_counts.hpp"

namespace prl {

class SegmentSource {
 public:
  virtual ~SegmentSource() = default;

  // Hands the parameters to segments that begin from now on. The first call starts the actors.
  virtual void publish(std::span<const float> parameters) = 0;

  // An actor's segment, whose trajectories may be read until release().
  struct Arrival {
    SegmentView trajectories;
    TrajectoryQueues::Taken taken;
    long lag = 0;             // versions published after the one that acted
    bool after_loss = false;  // segments of its actor were dropped since the one before it
  };
  // Waits for the next segment, in order of arrival. Returns false once `stop` is set. Throws WorkerDied.
  virtual bool take(const std::atomic<bool>& stop, Arrival& arrival) = 0;
  virtual void release(const Arrival& arrival) = 0;

  // Segments that begin from now on pay the step cost or not; those that began before are dropped,
  // which the next arrival from that actor says.
  virtual void charge_step_cost(bool charge) = 0;

  virtual CommunicationLedger& ledger() = 0;

  // Where actors that end are replaced; empty elsewhere.
  virtual std::optional<FaultCounts> faults() const { return std::nullopt; }
};

}  // namespace prl

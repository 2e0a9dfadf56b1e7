// One round of a run, collecting and learning, however the cell divides them over workers.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "core/learner.hpp"
#include "parallel/agree/gossip/member_average.hpp"
#include "parallel/collect/collector.hpp"
#include "parallel/transport/communication.hpp"
#include "parallel/transport/fault_counts.hpp"

namespace prl {

// Wall time of one round on worker 0. Collecting includes handing parameters out, taking trajectories in and waiting.
struct RoundSeconds {
  double collect = 0.0;
  double learn = 0.0;
  double overlap = 0.0;  // of learn, in which workers collected the next round
  double total() const { return collect + learn; }
};

struct RoundOutcome {
  RoundSeconds seconds;
  std::vector<double> worker_collect_seconds;  // worker 0 first
  std::vector<long> worker_steps;              // environment steps that were taken, worker 0 first
  std::vector<int> worker_environments;        // worker 0 first; none where they never move
  long environment_steps = 0;                  // over all workers
  double training_return_sum = 0.0;            // of the episodes that finished in this round, over all workers
  long training_episodes = 0;
  std::optional<long> steps_to_solved;  // of environment_steps, until the first episode above solved_return had ended
  std::vector<long> lags;  // of the segments learned from: versions by which the acting parameters were behind
  std::optional<MemberAverage> members;  // where parameters() has become the average of what the workers hold
};

class RoundRunner {
 public:
  virtual ~RoundRunner() = default;

  // The learner's flat parameters.
  virtual std::span<float> parameters() = 0;

  // Runs one round. Returns false if it was given up because `stop` was set; parameters are then those of the last
  // whole round or part of an update after it. Throws WorkerDied.
  virtual bool run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) = 0;

  // Lets nobody work until the next round, so that parameters() stay and others' work takes no time from what is done
  // meanwhile. Workers that wait for worker 0 do so anyway. Throws WorkerDied.
  virtual void pause() {}

  // Whether the next rounds pay the step cost.
  virtual void charge_step_cost(bool charge) = 0;

  // Adds what the next rounds depend on, of all workers, after a round that CheckpointSetting::due_after() names and until
  // the next one. Throws std::logic_error where runs cannot go on (runner/run_validation.cpp refuses them).
  virtual void add_state(RunState& /*state*/) { throw std::logic_error("this cell's state cannot be kept"); }

  // Optimiser updates of the last round.
  virtual int updates_of_round() const = 0;

  // Of a rule with a replay: what went through it so far.
  virtual std::optional<ReplayCounts> replay_counts() const = 0;

  // What crossed since the last call of reset on it, as worker 0 sees it.
  virtual CommunicationLedger communication() = 0;
  virtual void reset_communication() = 0;

  // Where the run goes on without workers that die: what there was of them so far, warm-up rounds included.
  virtual std::optional<FaultCounts> faults() const { return std::nullopt; }
};

}  // namespace prl

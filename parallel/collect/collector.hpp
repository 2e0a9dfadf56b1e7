// Where the acting half of a lock-step round runs. All modes advance the same environments with the same parameters and
// leave the same bytes in segment().
#pragma once

#include <atomic>
#include <span>
#include <vector>

#include "core/actor.hpp"
#include "core/segment.hpp"
#include "parallel/transport/communication.hpp"
#include "parallel/transport/worker_died.hpp"

namespace prl {

// Environments [first, first + count) of worker `worker`: as even as whole environments allow, in order.
struct EnvironmentRange {
  int first = 0;
  int count = 0;
  bool has(int environment) const { return environment >= first && environment < first + count; }
};
constexpr EnvironmentRange environments_of(int worker, int workers, int environments) {
  const auto begin = [=](int w) { return static_cast<int>(static_cast<long long>(w) * environments / workers); };
  return {begin(worker), begin(worker + 1) - begin(worker)};
}

// Seconds that one worker spent in the last round.
struct WorkerSeconds {
  double collecting = 0.0;  // acting and stepping, step cost included
};

class Collector {
 public:
  virtual ~Collector() = default;

  // The learner's parameters live here: the collector hands them to its workers from where they are.
  virtual std::span<float> parameters() = 0;

  // Runs one round with the current parameters(). Returns false if `stop` was set; segment() is then incomplete.
  // Throws WorkerDied.
  virtual bool collect(const std::atomic<bool>& stop) = 0;

  // The trajectories of the last round, all environments, valid until the next collect().
  virtual SegmentView segment() const = 0;

  // Warm-up rounds run without step cost. Takes effect with the next round.
  virtual void charge_step_cost(bool charge) = 0;

  // Seconds of each worker in the last round, worker 0 first.
  virtual std::vector<WorkerSeconds> worker_seconds() const = 0;

  // Steps of each worker in the last round, worker 0 first; empty where a worker's steps are those of its environments.
  virtual std::vector<long> worker_steps() const { return {}; }

  // Environments of each worker in the last round, worker 0 first; empty where they never move.
  virtual std::vector<int> worker_environments() const { return {}; }

  // Seconds since the last collect() returned in which the workers have been collecting the next round.
  virtual double seconds_ahead() const { return 0.0; }

  // The parameters that act in the round after the last collect(): those that parameters() are to be, or, where that
  // round has begun, those that it began with.
  virtual std::span<const float> parameters_of_next_round() { return parameters(); }

  // Waits until nobody collects ahead.
  virtual void pause() {}

  // What crossed between workers so far, as seen by worker 0 (every message has worker 0 at one end).
  virtual CommunicationLedger& ledger() = 0;
};

}  // namespace prl

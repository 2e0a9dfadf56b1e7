// What steps environments, seen from a collection mode: the two ways to divide acting between workers and learner.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>

#include "core/early_cut.hpp"
#include "core/segment.hpp"

namespace prl {

// A worker that carries the policy: parameters in, a segment of trajectories out.
class Actor {
 public:
  virtual ~Actor() = default;

  // Advances all environments of this actor by out.layout().steps steps, or until the round is cut, with `parameters` (flat, NetworkLayout) and
  // writes every field of `out`, whose first() and count() are this actor's. Episodes go on where the last call left
  // them. Pays the step cost. Returns false, with `out` partly written, once `stop` is set.
  virtual bool collect(const float* parameters, const SegmentView& out, const std::atomic<bool>& stop) = 0;

  // From now on this actor has the environments of `kept` and no others, which go on from the states that are kept in its
  // blocks (core/segment.hpp): all of a run's environments have taken as many steps. Between two calls of collect(). For
  // actors of rollouts; throws std::logic_error where environments cannot move.
  virtual void take_over(const SegmentView& /*kept*/) { throw std::logic_error("these environments cannot move"); }

  // From now on rounds end when `cut` says so, which outlives this. For actors of rollouts; throws std::logic_error where
  // rounds cannot be cut.
  virtual void cut_early(const EarlyCut& /*cut*/) { throw std::logic_error("these rounds cannot be cut"); }

  // From now on the environments' steps cost nothing (false) or what was configured (true, the initial state).
  virtual void charge_step_cost(bool charge) = 0;

  // New episodes everywhere, and random numbers from those of that step of the run on.
  virtual void start_anew(std::uint64_t step) = 0;
};

// The first step of the `start`-th actor of the same environments, from 0: none draws a random number that one before it
// can have drawn, whatever happened to that one.
constexpr std::uint64_t first_step_of_start(std::uint32_t start) { return std::uint64_t{start} << 40; }

// A worker that only steps environments, for inference at the learner: actions in, outcomes out, a call a vector step.
class EnvironmentBatch {
 public:
  virtual ~EnvironmentBatch() = default;

  // Current observations, [environments][observation_size].
  virtual void observe(float* observations) const = 0;

  // Steps every environment by `actions` [environments][action_size], resetting those that end, and pays the step
  // cost. Returns false once `stop` is set.
  virtual bool step(const float* actions, const std::atomic<bool>& stop) = 0;

  // Outcomes of the last step: [environments] rewards and ends (core/episode_end.hpp); final observations are valid in
  // rows whose episode ended.
  virtual const float* rewards() const = 0;
  virtual const std::uint8_t* ends() const = 0;
  virtual const float* final_observations() const = 0;

  // Writes the states of all environments, [environments][state bytes] (core/segment.hpp).
  virtual void keep(std::byte* states) const = 0;

  virtual void charge_step_cost(bool charge) = 0;
};

// Make the worker for the environments [first, first + count) of the run.
using ActorFactory = std::function<std::unique_ptr<Actor>(int first, int count)>;
using EnvironmentBatchFactory = std::function<std::unique_ptr<EnvironmentBatch>(int first, int count)>;

}  // namespace prl

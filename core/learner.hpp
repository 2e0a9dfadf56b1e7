// A learning rule, seen from whatever runs it: experience in, gradients and parameters out, as flat spans.
//
// A round is: ingest() the segment; join joint_statistics() with the other holders of the batch, if there are any;
// then, for each of updates_due(), compute_gradient() on every shard, the sum of all shards' gradients, and
// apply_gradient() with it.
//
// Shards are a setting apart from workers. A minibatch is the union of the shards' minibatches; a shard's gradient is its
// part of the minibatch's mean, so gradients add up, in whatever process they were computed. One learner may hold all
// shards (the central learner, with one thread or several) or a few of them (split gradients over processes or ranks).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "core/relaxed_floats.hpp"
#include "core/run_state.hpp"
#include "core/segment.hpp"

namespace prl {

// Which shards this learner holds: [first, first + count) of `total`. Shard s owns the environments
// [s * N / total, (s + 1) * N / total) of N, or, where total does not divide N, that part of the ordered samples: the rule
// says which.
struct ShardPlan {
  int total = 1;
  int first = 0;
  int count = 1;
};

// A contiguous range of the flat parameters.
struct ParameterRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
};

// What a learner has to know of the run.
struct LearnerPlan {
  ShardPlan shards;
  int environments = 1;  // of the whole run
  int steps = 1;         // of each environment in a round
  std::uint64_t seed = 1;
  long total_rounds = 1;  // for annealing
  int cut_rows = 0;       // of each environment in a round (core/segment.hpp)
  // Whether an environment's last steps may be absent, in rounds that are cut early (core/early_cut.hpp).
  bool absent_steps = false;
};

// Where a learner's flat buffers lie; spans of parameter_count floats on cache lines that outlive the learner, for
// example in memory shared between processes. One gradient span a local shard.
struct LearnerStorage {
  std::span<float> parameters;
  std::vector<std::span<float>> gradients;
  // Where other learners step the same parameters without waiting: `parameters` are then this learner's copy, from which
  // it computes, and apply_gradient() steps these. Copying is left to the caller. Must outlive the learner. Rules whose
  // learners cannot be several on the same parameters ignore it (runner/cell_matrix.cpp refuses them).
  const SharedParameters* shared = nullptr;
};

// What went through a replay so far, all shards together, whoever holds them.
struct ReplayCounts {
  long added = 0;    // transitions
  long sampled = 0;  // transitions that were drawn, as often as they were
  long size = 0;     // transitions that are held now
};

class Learner {
 public:
  virtual ~Learner() = default;

  // The flat parameters, read by actors between rounds. The pointer never changes.
  virtual std::span<float> parameters() = 0;

  // Takes the trajectories of this learner's shards. Does not keep the segment.
  virtual void ingest(const SegmentView& segment) = 0;

  // Steps of the environments [first, first + count) were lost: their next segment does not continue their last one. For
  // rules whose samples reach from one segment into the next.
  virtual void lose_steps(int /*first*/, int /*count*/) {}

  // Sums over this learner's samples that must be added up over all holders of shards, in place, before the first
  // update of the round (for PPO: of advantages and their squares, a pair for each minibatch). Empty if none.
  virtual std::span<double> joint_statistics() = 0;

  // Gradient steps due in this round.
  virtual int updates_due() const = 0;

  // Writes gradient(shard) for update `update`. Different shards may be computed at the same time.
  virtual void compute_gradient(int update, int shard) = 0;

  // Parts of the parameters whose gradients can be computed at the same time, each from its own part of the parameters
  // alone: a rule's separate networks.
  virtual int gradient_parts() const { return 1; }

  // The part to which a parameter belongs.
  virtual int part_of_parameter(std::size_t /*parameter*/) const { return 0; }

  // compute_gradient() of one part. All parts, in whatever threads, write what compute_gradient() does, bit by bit.
  virtual void compute_gradient_part(int update, int shard, int /*part*/) { compute_gradient(update, shard); }

  // The gradient of one local shard, 0 <= shard < plan.count, parameter_count floats.
  virtual std::span<float> gradient(int shard) = 0;

  // One optimiser step on `range` from the summed `gradient` (the whole flat span, of which `range` is read), whose
  // square sum over all parameters is `gradient_square_sum` (for clipping by the global norm). Disjoint ranges may be
  // applied at the same time. finish_update() follows once all ranges are done and all of parameters() are the update's.
  virtual void apply_gradient(ParameterRange range, std::span<const float> gradient, double gradient_square_sum) = 0;
  virtual void finish_update() = 0;

  // Called after the last update of a round, e.g. to anneal the learning rate.
  virtual void finish_round() = 0;

  // parameters() were replaced by what this learner and others, which learn by themselves, agreed on. For rules whose
  // targets come from those parameters.
  virtual void take_agreed() {}

  // Adds what the next rounds depend on beside the parameters and the plan. Between rounds only. Throws std::logic_error
  // where that is not known: every rule that a run may have overrides it.
  virtual void add_state(RunState& /*state*/) { throw std::logic_error("this learner's state cannot be kept"); }

  // As of the last finished round; empty for rules without a replay.
  virtual std::optional<ReplayCounts> replay_counts() const { return std::nullopt; }
};

// Square sum of a range in double precision and in a fixed order: the sum, from the first to the last, of the square sums
// of its blocks of kSquareSumBlock values, among which threads may divide it.
inline constexpr std::size_t kSquareSumBlock = 1024;
double square_sum(std::span<const float> values);

}  // namespace prl

#include "algorithms/dqn.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>

#include "algorithms/gradient_step.hpp"
#include "algorithms/replay/n_step_assembler.hpp"
#include "core/policy_kernel.hpp"

namespace prl {
namespace {

// Keeps a transition without error in the draw (Schaul et al. 2016, section 3.3).
constexpr float kLeastPriority = 1e-6F;

float priority_of(float error) { return std::abs(error) + kLeastPriority; }

// The error of a transition by its actor's action values, as td_targets() computes it.
float actor_error(const Transition& transition) {
  float target = transition.reward;
  if (transition.discount != 0.0F) target += transition.discount * transition.next_value;
  return target - transition.value;
}

// Of joint_statistics().
enum : std::size_t { kReadyShards, kAdded, kHeld };

// Part `shard` of `total` things shared out over `shards`.
int part_of(int total, int shard, int shards) {
  const auto border = [&](int s) { return static_cast<int>(static_cast<long>(total) * s / shards); };
  return border(shard + 1) - border(shard);
}

// A network's outputs for a batch.
struct OutputRows {
  OutputRows(const NetworkSpec& spec, int rows)
      : heads(static_cast<std::size_t>(rows) * static_cast<std::size_t>(spec.head_size)),
        values(static_cast<std::size_t>(rows)) {}

  NetworkOutputs outputs() const { return {heads.data(), values.data()}; }

  AlignedBuffer<float> heads;
  AlignedBuffer<float> values;
};

}  // namespace

struct DqnLearner::Shard {
  Shard(const NetworkLayout& layout, const DqnSetting& setting, const LearnerPlan& plan, int shard_index)
      : index(shard_index),
        first_environment(static_cast<int>(static_cast<long>(plan.environments) * index / plan.shards.total)),
        rows(part_of(setting.batch, index, plan.shards.total)),
        replay(layout.spec, part_of(setting.replay_capacity, index, plan.shards.total)),
        cuts(static_cast<std::size_t>(part_of(plan.environments, index, plan.shards.total))),
        slots(static_cast<std::size_t>(rows)),
        batch(layout.spec, rows),
        weights(static_cast<std::size_t>(rows)),
        current(layout.spec, rows),
        next_target(layout.spec, rows),
        next_online(layout.spec, rows),
        derivatives(layout.spec, rows),
        targets(static_cast<std::size_t>(rows)),
        errors(static_cast<std::size_t>(rows)),
        kernel(layout, rows),
        network(make_network(setting.backpropagation, layout, rows)) {
    for (std::size_t i = 0; i < cuts.size(); ++i) assemblers.emplace_back(layout.spec, setting.n_step, setting.gamma);
    if (setting.replay == ReplayKind::kPrioritised) {
      priorities.emplace(replay.capacity(), setting.priority_exponent);
    }
  }

  int index;  // of all shards, not only the local ones
  int first_environment;
  int rows;  // of each batch
  ReplayBuffer replay;
  std::optional<PrioritisedReplay> priorities;
  std::vector<int> cuts;                   // of each environment in this segment so far
  std::vector<NStepAssembler> assemblers;  // one an environment
  std::vector<int> slots;
  TransitionColumns batch;
  AlignedBuffer<float> weights;
  OutputRows current;
  OutputRows next_target;
  OutputRows next_online;
  OutputRows derivatives;
  AlignedBuffer<float> targets;
  AlignedBuffer<float> errors;
  PolicyKernel kernel;
  std::unique_ptr<DifferentiableNetwork> network;
  double loss = 0.0;
};

DqnLearner::DqnLearner(const NetworkLayout& layout, const DqnSetting& setting, const LearnerPlan& plan,
                       LearnerStorage storage)
    : layout_(layout),
      setting_(setting),
      plan_(plan),
      storage_(std::move(storage)),
      target_(layout.parameter_count),
      adam_(layout.parameter_count, setting.adam) {
  if (layout.spec.action_kind != ActionKind::kDiscrete) {
    throw std::invalid_argument("action values need discrete actions");
  }
  check_round(setting, plan.environments, plan.shards.total);
  for (int s = 0; s < plan.shards.count; ++s) {
    shards_.push_back(std::make_unique<Shard>(layout_, setting_, plan_, plan.shards.first + s));
  }
}

DqnLearner::~DqnLearner() = default;

void DqnLearner::ingest(const SegmentView& segment) {
  if (wants_action_values(setting_) && !segment.layout().action_values) {
    throw std::invalid_argument("first priorities by the actors need segments with their action values");
  }
  if (round_ == 0) refresh_target();
  joint_ = {};
  for (const auto& shard : shards_) {
    joint_[kAdded] += take_steps(segment, *shard);
    joint_[kHeld] += shard->replay.size();
    if (shard->replay.size() >= shard->rows) joint_[kReadyShards] += 1.0;
  }
  // A holder of some shards does not see the other holders' environments, which took as many steps.
  const bool sees_all = plan_.shards.count == plan_.shards.total;
  steps_before_ = steps_taken_;
  steps_taken_ += static_cast<long>(sees_all ? segment.count() : plan_.environments) * plan_.steps;
}

void DqnLearner::lose_steps(int first, int count) {
  for (const auto& shard : shards_) {
    const int begin = std::max(first, shard->first_environment);
    const int end = std::min(first + count, shard->first_environment + static_cast<int>(shard->assemblers.size()));
    for (int e = begin; e < end; ++e) shard->assemblers[static_cast<std::size_t>(e - shard->first_environment)].clear();
  }
}

int DqnLearner::take_steps(const SegmentView& segment, Shard& shard) {
  const NetworkSpec& spec = layout_.spec;
  const float largest = shard.priorities ? shard.priorities->largest_priority() : 0.0F;
  const bool by_actor = wants_action_values(setting_);
  int added = 0;
  const auto store = [&](const Transition& transition) {
    const int slot = shard.replay.add(transition);
    if (shard.priorities) {
      shard.priorities->set_priority(slot, by_actor ? priority_of(actor_error(transition)) : largest);
    }
    ++added;
  };
  const int begin = std::max(segment.first(), shard.first_environment);
  const int end =
      std::min(segment.first() + segment.count(), shard.first_environment + static_cast<int>(shard.assemblers.size()));
  std::fill(shard.cuts.begin(), shard.cuts.end(), 0);
  // Step by step, so that a replay smaller than a round keeps the latest steps of all environments.
  for (int t = 0; t < plan_.steps; ++t) {
    for (int environment = begin; environment < end; ++environment) {
      const auto i = static_cast<std::size_t>(environment - shard.first_environment);
      const TrajectoryView trajectory = segment.trajectory(environment - segment.first());
      const bool cut = segment.layout().cut_rows > 0 && is_cut(trajectory.ends, plan_.steps, t);
      const float* final_observation =
          cut ? trajectory.cut_observations + shard.cuts[i]++ * spec.observation_size : nullptr;
      EnvironmentStep step{.observation = trajectory.observations + t * spec.observation_size,
                           .action = trajectory.actions + t * spec.action_size(),
                           .reward = trajectory.rewards[t],
                           .ends = trajectory.ends[t],
                           .final_observation = final_observation};
      if (by_actor) {
        step.chosen_value = trajectory.chosen_values[t];
        step.greatest_value = trajectory.values[t];
        step.final_value = trajectory.bootstrap[t];
      }
      shard.assemblers[i].take(step, store);
    }
  }
  if (shard.priorities && setting_.first_priority == FirstPriority::kError) set_first_priorities(shard, added);
  return added;
}

void DqnLearner::set_first_priorities(Shard& shard, int added) {
  for (int left = std::min(added, shard.replay.size()); left > 0; left -= shard.rows) {
    const int rows = std::min(left, shard.rows);
    for (int j = 0; j < rows; ++j) shard.slots[static_cast<std::size_t>(j)] = shard.replay.slot_of_age(left - 1 - j);
    shard.replay.gather(std::span(shard.slots).first(static_cast<std::size_t>(rows)), shard.batch);
    compute_targets(shard, rows);
    shard.kernel.forward(storage_.parameters.data(), shard.batch.observations.data(), rows, shard.current.heads.data(),
                         shard.current.values.data());
    for (std::size_t j = 0; j < static_cast<std::size_t>(rows); ++j) {
      const int actions = layout_.spec.head_size;
      const float value =
          action_value(shard.current.heads.data() + j * static_cast<std::size_t>(actions), shard.current.values[j],
                       actions, static_cast<int>(shard.batch.actions[j]), setting_.loss.dueling);
      shard.priorities->set_priority(shard.slots[j], priority_of(shard.targets[j] - value));
    }
  }
}

int DqnLearner::updates_due() const {
  if (steps_taken_ < setting_.learning_starts || joint_[kReadyShards] < plan_.shards.total) return 0;
  return static_cast<int>(steps_taken_ / setting_.train_every - steps_before_ / setting_.train_every);
}

float DqnLearner::importance_exponent() const {
  if (!setting_.anneal_importance) return setting_.importance_exponent;
  const double share =
      std::min(1.0, static_cast<double>(round_) / static_cast<double>(std::max(1L, plan_.total_rounds)));
  const auto start = static_cast<double>(setting_.importance_exponent);
  return static_cast<float>(start + (1.0 - start) * share);
}

void DqnLearner::draw_batch(Shard& shard) const {
  Rng rng(plan_.seed, RandomPurpose::kReplay, static_cast<std::uint32_t>(shard.index),
          static_cast<std::uint64_t>(adam_.updates()));
  if (setting_.replay == ReplayKind::kPrioritised) {
    shard.priorities->sample(rng, shard.slots);
    shard.priorities->importance_weights(shard.slots, importance_exponent(), shard.weights.span());
  } else if (setting_.replay == ReplayKind::kUniform) {
    sample_uniformly(shard.replay.size(), rng, shard.slots);
  } else {
    for (int j = 0; j < shard.rows; ++j) shard.slots[static_cast<std::size_t>(j)] = shard.replay.slot_of_age(j);
  }
  shard.replay.gather(shard.slots, shard.batch);
}

void DqnLearner::compute_targets(Shard& shard, int rows) const {
  const float* next = shard.batch.next_observations.data();
  shard.kernel.forward(target_.data(), next, rows, shard.next_target.heads.data(), shard.next_target.values.data());
  if (setting_.loss.double_q) {
    shard.kernel.forward(storage_.parameters.data(), next, rows, shard.next_online.heads.data(),
                         shard.next_online.values.data());
  }
  td_targets(layout_.spec, setting_.loss, rows, shard.batch.rewards.data(), shard.batch.discounts.data(),
             shard.next_target.outputs(), shard.next_online.outputs(), shard.targets.data());
}

void DqnLearner::compute_gradient(int /*update*/, int local_shard) {
  Shard& shard = *shards_[static_cast<std::size_t>(local_shard)];
  const float* parameters = storage_.parameters.data();
  draw_batch(shard);
  compute_targets(shard, shard.rows);
  shard.network->forward(parameters, shard.batch.observations.data(), shard.rows, shard.current.heads.data(),
                         shard.current.values.data());
  const DqnRows batch{shard.rows,
                      setting_.batch,
                      shard.current.outputs(),
                      shard.batch.actions.data(),
                      shard.targets.data(),
                      shard.priorities ? shard.weights.data() : nullptr};
  shard.loss = dqn_loss(layout_.spec, setting_.loss, batch, shard.derivatives.heads.data(),
                        shard.derivatives.values.data(), shard.errors.data());
  shard.network->backward(parameters, shard.derivatives.heads.data(), shard.derivatives.values.data(),
                          gradient(local_shard));
}

void DqnLearner::apply_gradient(ParameterRange range, std::span<const float> gradient, double gradient_square_sum) {
  adam_.step(range, storage_.parameters, gradient, clipping_scale(gradient_square_sum, setting_.max_gradient_norm),
             setting_.learning_rate);
}

void DqnLearner::finish_update() {
  adam_.finish_update();
  for (const auto& shard : shards_) {
    if (!shard->priorities) continue;
    for (std::size_t j = 0; j < shard->slots.size(); ++j) {
      shard->priorities->set_priority(shard->slots[j], priority_of(shard->errors[j]));
    }
  }
  if (setting_.target_interval > 0 && adam_.updates() % setting_.target_interval == 0) refresh_target();
}

void DqnLearner::take_agreed() {
  if (setting_.target_interval == 0) refresh_target();
}

void DqnLearner::refresh_target() { std::copy(storage_.parameters.begin(), storage_.parameters.end(), target_.data()); }

void DqnLearner::finish_round() {
  ++round_;
  counts_.added += static_cast<long>(joint_[kAdded]);
  counts_.sampled = static_cast<long>(adam_.updates()) * setting_.batch;
  counts_.size = static_cast<long>(joint_[kHeld]);
}

void DqnLearner::add_state(RunState& state) {
  adam_.add_state(state);
  state.add("target parameters", target_.span());
  state.add_value("rounds finished", round_);
  state.add_value("steps taken", steps_taken_);
  state.add_value("replays' counts", counts_);
  for (const auto& shard : shards_) {
    const auto first = static_cast<std::size_t>(shard->first_environment);
    for (std::size_t i = 0; i < shard->assemblers.size(); ++i) {
      shard->assemblers[i].add_state(state, first + i, static_cast<std::size_t>(plan_.environments));
    }
    shard->replay.add_state(state, shard->index);
    if (shard->priorities) shard->priorities->add_state(state, shard->index);
  }
}

const ReplayBuffer& DqnLearner::replay(int shard) const { return shards_[static_cast<std::size_t>(shard)]->replay; }

const PrioritisedReplay* DqnLearner::priorities(int shard) const {
  const auto& priorities = shards_[static_cast<std::size_t>(shard)]->priorities;
  return priorities ? &*priorities : nullptr;
}

std::span<const int> DqnLearner::batch_slots(int shard) const {
  return shards_[static_cast<std::size_t>(shard)]->slots;
}

double DqnLearner::loss(int shard) const { return shards_[static_cast<std::size_t>(shard)]->loss; }

}  // namespace prl

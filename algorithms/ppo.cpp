#include "algorithms/ppo.hpp"

#include <algorithm>
#include <cmath>

#include "algorithms/generalised_advantage.hpp"
#include "algorithms/gradient_step.hpp"

namespace prl {
namespace {

// Samples as columns: what a minibatch gathers rows from, and what it gathers them into.
struct SampleColumns {
  SampleColumns(const NetworkSpec& spec, int samples)
      : observations(static_cast<std::size_t>(samples) * static_cast<std::size_t>(spec.observation_size)),
        actions(static_cast<std::size_t>(samples) * static_cast<std::size_t>(spec.action_size())),
        log_probs(static_cast<std::size_t>(samples)),
        values(static_cast<std::size_t>(samples)),
        advantages(static_cast<std::size_t>(samples)),
        returns(static_cast<std::size_t>(samples)) {}

  AlignedBuffer<float> observations;
  AlignedBuffer<float> actions;
  AlignedBuffer<float> log_probs;
  AlignedBuffer<float> values;
  AlignedBuffer<float> advantages;
  AlignedBuffer<float> returns;
};

}  // namespace

// A minibatch as one part of the network needs it. Parts are computed at the same time, so they share nothing that is
// written.
struct alignas(kCacheLineBytes) PpoLearner::Part {
  Part(const NetworkSpec& spec, int rows) : batch(spec, rows) {}

  SampleColumns batch;
  PpoLossTerms terms;
};

struct PpoLearner::Shard {
  Shard(const NetworkLayout& layout, const PpoSetting& setting, const MinibatchPlan& plan, int shard_index)
      : index(shard_index),
        samples(layout.spec, plan.sample_count(shard_index)),
        order(static_cast<std::size_t>(plan.sample_count(shard_index)) * static_cast<std::size_t>(setting.epochs)),
        heads(static_cast<std::size_t>(plan.most_rows()) * static_cast<std::size_t>(layout.spec.head_size)),
        values(static_cast<std::size_t>(plan.most_rows())),
        d_heads(heads.size()),
        d_values(values.size()),
        network(make_network(setting.backpropagation, layout, plan.most_rows())) {
    for (int part = 0; part < network->parts(); ++part) {
      parts.push_back(std::make_unique<Part>(layout.spec, plan.most_rows()));
    }
  }

  int index;  // of all shards, not only the local ones
  SampleColumns samples;
  std::vector<int> order;
  AlignedBuffer<float> heads;
  AlignedBuffer<float> values;
  AlignedBuffer<float> d_heads;
  AlignedBuffer<float> d_values;
  std::unique_ptr<DifferentiableNetwork> network;
  std::vector<std::unique_ptr<Part>> parts;
};

PpoLearner::PpoLearner(const NetworkLayout& layout, const PpoSetting& setting, const LearnerPlan& plan,
                       LearnerStorage storage)
    : layout_(layout),
      setting_(setting),
      steps_(plan.steps),
      seed_(plan.seed),
      total_rounds_(std::max(1L, plan.total_rounds)),
      storage_(std::move(storage)),
      plan_(plan.environments * plan.steps, setting.minibatch, setting.epochs, plan.shards.total),
      adam_(layout.parameter_count, setting.adam, storage_.shared),
      rounds_(storage_.shared),
      absent_steps_(plan.absent_steps),
      advantage_sums_(setting.normalise_advantages ? 2 * static_cast<std::size_t>(plan_.updates()) : 0),
      statistics_(advantage_sums_ + (absent_steps_ ? static_cast<std::size_t>(plan_.updates()) : 0)) {
  for (int s = 0; s < plan.shards.count; ++s) {
    shards_.push_back(std::make_unique<Shard>(layout_, setting_, plan_, plan.shards.first + s));
  }
}

PpoLearner::~PpoLearner() = default;

void PpoLearner::ingest(const SegmentView& segment) {
  std::fill(statistics_.begin(), statistics_.end(), 0.0);
  for (const auto& shard : shards_) {
    const int count = take_samples(segment, *shard);
    shard->order.resize(static_cast<std::size_t>(count) * static_cast<std::size_t>(setting_.epochs));
    plan_.shuffle(seed_, static_cast<std::uint64_t>(round_), shard->index, shard->order);
    for (const auto& part : shard->parts) part->terms = {};
    if (!statistics_.empty()) add_statistics(*shard);
  }
}

int PpoLearner::take_samples(const SegmentView& segment, Shard& shard) {
  const NetworkSpec& spec = layout_.spec;
  const auto steps = static_cast<std::size_t>(steps_);
  std::vector<float> advantages(steps);
  std::vector<float> returns(steps);
  const int begin = plan_.first_sample(shard.index);
  const int end = begin + plan_.sample_count(shard.index);
  int at = 0;
  for (int environment = begin / steps_; environment * steps_ < end; ++environment) {
    const TrajectoryView trajectory = segment.trajectory(environment - segment.first());
    const int taken = present_steps(trajectory.ends, steps_);
    generalised_advantage(trajectory, taken, setting_.gamma, setting_.gae_lambda, advantages, returns);
    // A shard may begin or end inside an environment's trajectory, where shards do not divide environments.
    const int from = std::max(begin - environment * steps_, 0);
    const int to = std::min(end - environment * steps_, taken);
    const int count = to - from;
    std::copy_n(trajectory.observations + from * spec.observation_size, count * spec.observation_size,
                shard.samples.observations.data() + at * spec.observation_size);
    std::copy_n(trajectory.actions + from * spec.action_size(), count * spec.action_size(),
                shard.samples.actions.data() + at * spec.action_size());
    std::copy_n(trajectory.log_probs + from, count, shard.samples.log_probs.data() + at);
    std::copy_n(trajectory.values + from, count, shard.samples.values.data() + at);
    std::copy_n(advantages.data() + from, count, shard.samples.advantages.data() + at);
    std::copy_n(returns.data() + from, count, shard.samples.returns.data() + at);
    at += count;
  }
  return at;
}

void PpoLearner::add_statistics(const Shard& shard) {
  for (int update = 0; update < plan_.updates(); ++update) {
    const std::span<const int> rows = plan_.part(shard.order, update, shard.index);
    if (absent_steps_) {
      statistics_[advantage_sums_ + static_cast<std::size_t>(update)] += static_cast<double>(rows.size());
    }
    if (!setting_.normalise_advantages) continue;
    double sum = 0.0;
    double square_sum = 0.0;
    for (const int row : rows) {
      const auto advantage = static_cast<double>(shard.samples.advantages[static_cast<std::size_t>(row)]);
      sum += advantage;
      square_sum += advantage * advantage;
    }
    statistics_[2 * static_cast<std::size_t>(update)] += sum;
    statistics_[2 * static_cast<std::size_t>(update) + 1] += square_sum;
  }
}

void PpoLearner::gather_rows(const Shard& shard, std::span<const int> rows, int part, Part& to) const {
  const auto observation_size = static_cast<std::size_t>(layout_.spec.observation_size);
  const auto action_size = static_cast<std::size_t>(layout_.spec.action_size());
  const SampleColumns& from = shard.samples;
  SampleColumns& batch = to.batch;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<std::size_t>(rows[i]);
    for (std::size_t k = 0; k < observation_size; ++k) {
      batch.observations[i * observation_size + k] = from.observations[row * observation_size + k];
    }
    if (has_policy(part)) {
      for (std::size_t k = 0; k < action_size; ++k) {
        batch.actions[i * action_size + k] = from.actions[row * action_size + k];
      }
      batch.log_probs[i] = from.log_probs[row];
      batch.advantages[i] = from.advantages[row];
    }
    if (has_value(part)) {
      batch.values[i] = from.values[row];
      batch.returns[i] = from.returns[row];
    }
  }
}

void PpoLearner::normalise(Part& part, int update, int rows) const {
  const double count = total_rows(update);
  // One row has no spread to divide by.
  if (!setting_.normalise_advantages || count <= 1.0) return;
  const double mean = statistics_[2 * static_cast<std::size_t>(update)] / count;
  const double square_mean = statistics_[2 * static_cast<std::size_t>(update) + 1] / count;
  // Unbiased, like torch.std.
  const double variance = std::max(0.0, square_mean - mean * mean) * count / (count - 1.0);
  const double scale = 1.0 / (std::sqrt(variance) + 1e-8);
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
    part.batch.advantages[i] = static_cast<float>((static_cast<double>(part.batch.advantages[i]) - mean) * scale);
  }
}

int PpoLearner::total_rows(int update) const {
  if (!absent_steps_) return plan_.total_rows(update);
  return static_cast<int>(statistics_[advantage_sums_ + static_cast<std::size_t>(update)]);
}

int PpoLearner::gradient_parts() const { return shards_.front()->network->parts(); }

int PpoLearner::part_of_parameter(std::size_t parameter) const {
  return gradient_parts() == 1 ? 0 : layout_.network_of(parameter);
}

void PpoLearner::compute_gradient(int update, int shard) {
  for (int part = 0; part < gradient_parts(); ++part) compute_gradient_part(update, shard, part);
}

void PpoLearner::compute_gradient_part(int update, int local_shard, int part_index) {
  Shard& shard = *shards_[static_cast<std::size_t>(local_shard)];
  Part& part = *shard.parts[static_cast<std::size_t>(part_index)];
  const std::span<float> gradient = storage_.gradients[static_cast<std::size_t>(local_shard)];
  const float* parameters = storage_.parameters.data();
  const auto rows = plan_.part(shard.order, update, shard.index);
  const int row_count = static_cast<int>(rows.size());
  gather_rows(shard, rows, part_index, part);
  shard.network->forward_part(part_index, parameters, part.batch.observations.data(), row_count, shard.heads.data(),
                              shard.values.data());
  const PpoRows batch{row_count,
                      total_rows(update),
                      shard.heads.data(),
                      shard.values.data(),
                      part.batch.actions.data(),
                      part.batch.log_probs.data(),
                      part.batch.values.data(),
                      part.batch.advantages.data(),
                      part.batch.returns.data()};
  if (has_policy(part_index)) {
    normalise(part, update, row_count);
    const std::span<float> d_log_std = gradient.subspan(layout_.log_std_offset, layout_.log_std_count);
    std::fill(d_log_std.begin(), d_log_std.end(), 0.0F);
    part.terms += ppo_policy_loss(layout_.spec, setting_.loss, batch, parameters + layout_.log_std_offset,
                                  shard.d_heads.data(), d_log_std.data());
  }
  if (has_value(part_index)) part.terms += ppo_value_loss(setting_.loss, batch, shard.d_values.data());
  shard.network->backward_part(part_index, parameters, shard.d_heads.data(), shard.d_values.data(), gradient);
}

void PpoLearner::apply_gradient(ParameterRange range, std::span<const float> gradient, double gradient_square_sum) {
  const float scale = clipping_scale(gradient_square_sum, setting_.max_gradient_norm);
  adam_.step(range, storage_.parameters, gradient, scale, learning_rate());
}

void PpoLearner::finish_round() { round_ = rounds_.finish(); }

float PpoLearner::learning_rate() const {
  if (!setting_.anneal_learning_rate) return setting_.learning_rate;
  return annealed_learning_rate(setting_.learning_rate, round_, total_rounds_);
}

void PpoLearner::add_state(RunState& state) {
  rounds_.add_state(state);
  state.add_value("round", round_);
  adam_.add_state(state);
}

PpoLossTerms PpoLearner::loss_terms() const {
  PpoLossTerms sum;
  for (const auto& shard : shards_) {
    for (const auto& part : shard->parts) sum += part->terms;
  }
  return sum;
}

}  // namespace prl

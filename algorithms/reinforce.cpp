#include "algorithms/reinforce.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "algorithms/discounted_returns.hpp"

namespace prl {
namespace {

// Rows that go through the network at a time: activations of 128 units then fit a core's second-level cache.
constexpr int kChunkRows = 1024;

std::size_t area(int rows, int columns) { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns); }

int first_environment(const LearnerPlan& plan, int s) {
  return static_cast<int>(static_cast<long long>(s) * plan.environments / plan.shards.total);
}

}  // namespace

struct ReinforceLearner::Shard {
  Shard(const NetworkLayout& layout, const ReinforceSetting& setting, const LearnerPlan& plan, int s)
      : first(first_environment(plan, s)),
        count(first_environment(plan, s + 1) - first),
        observations(area(count * plan.steps, layout.spec.observation_size)),
        actions(area(count * plan.steps, layout.spec.action_size())),
        returns(area(count * plan.steps, 1)),
        advantages(area(count * plan.steps, 1)),
        scaled(area(kChunkRows, 1)),
        heads(area(kChunkRows, layout.spec.head_size)),
        values(area(kChunkRows, 1)),
        d_heads(heads.size()),
        d_values(values.size()),
        chunk(layout.parameter_count),
        network(make_network(setting.backpropagation, layout, kChunkRows)) {}

  int first;
  int count;
  int rows = 0;  // that were taken, of count * steps
  AlignedBuffer<float> observations;
  AlignedBuffer<float> actions;
  AlignedBuffer<float> returns;
  AlignedBuffer<float> advantages;
  AlignedBuffer<float> scaled;  // one chunk's advantages
  AlignedBuffer<float> heads;
  AlignedBuffer<float> values;
  AlignedBuffer<float> d_heads;
  AlignedBuffer<float> d_values;
  AlignedBuffer<float> chunk;  // one chunk's gradient
  std::unique_ptr<DifferentiableNetwork> network;
};

ReinforceLearner::ReinforceLearner(const NetworkLayout& layout, const ReinforceSetting& setting,
                                   const LearnerPlan& plan, LearnerStorage storage)
    : layout_(layout),
      setting_(setting),
      plan_(plan),
      storage_(std::move(storage)),
      optimiser_(layout.parameter_count, setting.optimiser, plan.total_rounds),
      statistics_(setting.normalise_advantages ? 3 : 0) {
  // Without a baseline the value head has no gradient and stays as it is.
  if (!setting_.baseline) setting_.loss.value_coefficient = 0.0F;
  for (int s = 0; s < plan.shards.count; ++s) {
    shards_.push_back(std::make_unique<Shard>(layout_, setting_, plan_, plan.shards.first + s));
  }
}

ReinforceLearner::~ReinforceLearner() = default;

void ReinforceLearner::ingest(const SegmentView& segment) {
  std::fill(statistics_.begin(), statistics_.end(), 0.0);
  for (const auto& shard : shards_) {
    shard->rows = 0;
    for (int i = 0; i < shard->count; ++i) {
      take_trajectory(segment.trajectory(shard->first + i - segment.first()), *shard);
    }
    if (setting_.normalise_advantages) add_statistics(*shard);
  }
}

void ReinforceLearner::take_trajectory(const TrajectoryView& trajectory, Shard& shard) const {
  const int observation_size = layout_.spec.observation_size;
  const int action_size = layout_.spec.action_size();
  const int steps = present_steps(trajectory.ends, plan_.steps);
  const int at = shard.rows;
  std::copy_n(trajectory.observations, steps * observation_size, shard.observations.data() + at * observation_size);
  std::copy_n(trajectory.actions, steps * action_size, shard.actions.data() + at * action_size);
  const auto returns = shard.returns.span().subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(steps));
  discounted_returns(trajectory, steps, setting_.gamma, setting_.returns, returns);
  for (int t = 0; t < steps; ++t) {
    const float baseline = setting_.baseline ? trajectory.values[t] : 0.0F;
    shard.advantages[static_cast<std::size_t>(at + t)] = returns[static_cast<std::size_t>(t)] - baseline;
  }
  shard.rows += steps;
}

void ReinforceLearner::add_statistics(const Shard& shard) {
  double sum = 0.0;
  double square_sum = 0.0;
  for (std::size_t r = 0; r < static_cast<std::size_t>(shard.rows); ++r) {
    const auto advantage = static_cast<double>(shard.advantages[r]);
    sum += advantage;
    square_sum += advantage * advantage;
  }
  statistics_[0] += shard.rows;
  statistics_[1] += sum;
  statistics_[2] += square_sum;
}

std::span<const float> ReinforceLearner::scaled_advantages(Shard& shard, int begin, int rows) const {
  const std::span<const float> advantages =
      shard.advantages.span().subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(rows));
  // One row has no spread to divide by.
  if (!setting_.normalise_advantages || statistics_[0] <= 1.0) return advantages;
  const double count = statistics_[0];
  const double mean = statistics_[1] / count;
  // Unbiased, like torch.std.
  const double variance = std::max(0.0, statistics_[2] / count - mean * mean) * count / (count - 1.0);
  const double scale = 1.0 / (std::sqrt(variance) + 1e-8);
  for (std::size_t r = 0; r < advantages.size(); ++r) {
    shard.scaled[r] = static_cast<float>((static_cast<double>(advantages[r]) - mean) * scale);
  }
  return shard.scaled.span();
}

void ReinforceLearner::compute_gradient(int /*update*/, int shard_index) {
  Shard& shard = *shards_[static_cast<std::size_t>(shard_index)];
  const std::span<float> gradient = storage_.gradients[static_cast<std::size_t>(shard_index)];
  std::fill(gradient.begin(), gradient.end(), 0.0F);
  for (int begin = 0; begin < shard.rows; begin += kChunkRows) {
    chunk_gradient(shard, begin, std::min(kChunkRows, shard.rows - begin), shard.chunk.span());
    for (std::size_t p = 0; p < gradient.size(); ++p) gradient[p] += shard.chunk[p];
  }
}

void ReinforceLearner::chunk_gradient(Shard& shard, int begin, int rows, std::span<float> gradient) const {
  const float* parameters = storage_.parameters.data();
  shard.network->forward(parameters, shard.observations.data() + begin * layout_.spec.observation_size, rows,
                         shard.heads.data(), shard.values.data());
  const std::span<float> d_log_std = gradient.subspan(layout_.log_std_offset, layout_.log_std_count);
  std::fill(d_log_std.begin(), d_log_std.end(), 0.0F);
  const ActorCriticRows batch{rows,
                              static_cast<double>(setting_.episodes),
                              shard.heads.data(),
                              shard.values.data(),
                              shard.actions.data() + begin * layout_.spec.action_size(),
                              scaled_advantages(shard, begin, rows).data(),
                              shard.returns.data() + begin};
  actor_critic_loss(layout_.spec, setting_.loss, batch, parameters + layout_.log_std_offset, shard.d_heads.data(),
                    shard.d_values.data(), d_log_std.data());
  shard.network->backward(parameters, shard.d_heads.data(), shard.d_values.data(), gradient);
}

void ReinforceLearner::apply_gradient(ParameterRange range, std::span<const float> gradient,
                                      double gradient_square_sum) {
  optimiser_.step(range, storage_.parameters, gradient, gradient_square_sum);
}

}  // namespace prl

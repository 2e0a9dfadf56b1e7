#include "algorithms/actor_critic.hpp"

#include <algorithm>
#include <utility>

#include "algorithms/generalised_advantage.hpp"
#include "algorithms/policy_derivative.hpp"
#include "algorithms/vtrace.hpp"
#include "core/policy_kernel.hpp"

namespace prl {
namespace {

std::size_t area(int rows, int columns) { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns); }

std::span<float> part(AlignedBuffer<float>& buffer, int begin, int count) {
  return buffer.span().subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
}

// The first environment of shard `s`.
int first_environment(const LearnerPlan& plan, int s) {
  return static_cast<int>(static_cast<long long>(s) * plan.environments / plan.shards.total);
}

// What V-trace needs of a shard's trajectories beside their samples.
struct BehaviourColumns {
  BehaviourColumns(const NetworkLayout& layout, int environments, int rows, int cut_rows)
      : log_probs(area(rows, 1)),
        log_ratios(area(rows, 1)),
        rewards(area(rows, 1)),
        bootstrap(area(rows, 1)),
        ends(area(rows, 1)),
        cut_observations(area(environments * cut_rows, layout.spec.observation_size)),
        cut_values(area(environments, cut_rows)),
        kernel(layout, environments * cut_rows) {}

  AlignedBuffer<float> log_probs;
  AlignedBuffer<float> log_ratios;
  AlignedBuffer<float> rewards;
  AlignedBuffer<float> bootstrap;
  AlignedBuffer<std::uint8_t> ends;
  AlignedBuffer<float> cut_observations;  // of all environments, one after the other, without gaps
  AlignedBuffer<float> cut_values;
  int cuts = 0;
  PolicyKernel kernel;
};

}  // namespace

struct ActorCriticLearner::Shard {
  Shard(const NetworkLayout& layout, const ActorCriticSetting& setting, bool off_policy, const LearnerPlan& plan, int s)
      : first(first_environment(plan, s)),
        count(first_environment(plan, s + 1) - first),
        rows(count * plan.steps),
        begins(static_cast<std::size_t>(count) + 1),
        observations(area(rows, layout.spec.observation_size)),
        actions(area(rows, layout.spec.action_size())),
        advantages(area(rows, 1)),
        returns(area(rows, 1)),
        heads(area(rows, layout.spec.head_size)),
        values(area(rows, 1)),
        d_heads(heads.size()),
        d_values(values.size()) {
    if (count == 0) return;
    network = make_network(setting.backpropagation, layout, rows);
    if (off_policy) behaviour = std::make_unique<BehaviourColumns>(layout, count, rows, plan.cut_rows);
  }

  int first;
  int count;
  int rows;                 // of the last segment, once there was one
  std::vector<int> begins;  // of each environment's rows, and the end of the last one's
  AlignedBuffer<float> observations;
  AlignedBuffer<float> actions;
  AlignedBuffer<float> advantages;
  AlignedBuffer<float> returns;
  AlignedBuffer<float> heads;
  AlignedBuffer<float> values;
  AlignedBuffer<float> d_heads;
  AlignedBuffer<float> d_values;
  std::unique_ptr<DifferentiableNetwork> network;
  std::unique_ptr<BehaviourColumns> behaviour;  // null where targets do not need it
  ActorCriticTerms terms;
};

ActorCriticLearner::ActorCriticLearner(const NetworkLayout& layout, const ActorCriticSetting& setting,
                                       const ActorCriticTargets& targets, const LearnerPlan& plan,
                                       LearnerStorage storage)
    : layout_(layout),
      setting_(setting),
      targets_(targets),
      plan_(plan),
      statistics_(plan.absent_steps ? 1 : 0),
      storage_(std::move(storage)),
      optimiser_(layout.parameter_count, setting.optimiser, plan.total_rounds, storage_.shared) {
  const bool off_policy = std::holds_alternative<VtraceTargets>(targets_);
  for (int s = 0; s < plan.shards.count; ++s) {
    shards_.push_back(std::make_unique<Shard>(layout_, setting_, off_policy, plan_, plan.shards.first + s));
  }
}

ActorCriticLearner::~ActorCriticLearner() = default;

void ActorCriticLearner::ingest(const SegmentView& segment) {
  std::fill(statistics_.begin(), statistics_.end(), 0.0);
  for (const auto& shard : shards_) {
    shard->rows = 0;
    if (shard->behaviour != nullptr) shard->behaviour->cuts = 0;
    for (int i = 0; i < shard->count; ++i) {
      take_trajectory(segment.trajectory(shard->first + i - segment.first()), i, *shard);
    }
    if (!statistics_.empty()) statistics_[0] += shard->rows;
  }
}

void ActorCriticLearner::take_trajectory(const TrajectoryView& trajectory, int environment, Shard& shard) const {
  const int steps = present_steps(trajectory.ends, plan_.steps);
  const int observation_size = layout_.spec.observation_size;
  const int action_size = layout_.spec.action_size();
  const int at = shard.rows;
  shard.rows += steps;
  shard.begins[static_cast<std::size_t>(environment) + 1] = shard.rows;
  std::copy_n(trajectory.observations, steps * observation_size, shard.observations.data() + at * observation_size);
  std::copy_n(trajectory.actions, steps * action_size, shard.actions.data() + at * action_size);
  if (const auto* targets = std::get_if<NStepTargets>(&targets_)) {
    generalised_advantage(trajectory, steps, setting_.gamma, targets->lambda, part(shard.advantages, at, steps),
                          part(shard.returns, at, steps));
    return;
  }
  BehaviourColumns& behaviour = *shard.behaviour;
  std::copy_n(trajectory.log_probs, steps, behaviour.log_probs.data() + at);
  std::copy_n(trajectory.rewards, steps, behaviour.rewards.data() + at);
  std::copy_n(trajectory.ends, steps, behaviour.ends.data() + at);
  int cuts = 0;
  for (int t = 0; t < steps; ++t) cuts += static_cast<int>(is_cut(trajectory.ends, steps, t));
  std::copy_n(trajectory.cut_observations, cuts * observation_size,
              behaviour.cut_observations.data() + behaviour.cuts * observation_size);
  behaviour.cuts += cuts;
}

void ActorCriticLearner::bootstrap_cuts(Shard& shard) const {
  BehaviourColumns& behaviour = *shard.behaviour;
  behaviour.kernel.forward_value(storage_.parameters.data(), behaviour.cut_observations.data(), behaviour.cuts,
                                 behaviour.cut_values.data());
  const float* next = behaviour.cut_values.data();
  for (int i = 0; i < shard.count; ++i) {
    const int at = shard.begins[static_cast<std::size_t>(i)];
    const int steps = shard.begins[static_cast<std::size_t>(i) + 1] - at;
    const std::uint8_t* ends = behaviour.ends.data() + at;
    float* bootstrap = behaviour.bootstrap.data() + at;
    for (int t = 0; t < steps; ++t) bootstrap[t] = is_cut(ends, steps, t) ? *next++ : 0.0F;
  }
}

void ActorCriticLearner::correct_off_policy(const VtraceTargets& targets, Shard& shard) const {
  BehaviourColumns& behaviour = *shard.behaviour;
  bootstrap_cuts(shard);
  const float* log_std = storage_.parameters.data() + layout_.log_std_offset;
  for (int r = 0; r < shard.rows; ++r) {
    const float log_prob = row_log_prob(layout_.spec, shard.heads.data() + r * layout_.spec.head_size, log_std,
                                        shard.actions.data() + r * layout_.spec.action_size());
    const auto n = static_cast<std::size_t>(r);
    behaviour.log_ratios[n] = targets.correct ? log_prob - behaviour.log_probs[n] : 0.0F;
  }
  const VtraceCoefficients coefficients{setting_.gamma, targets.lambda, targets.rho_bar, targets.c_bar};
  for (int i = 0; i < shard.count; ++i) {
    const int at = shard.begins[static_cast<std::size_t>(i)];
    const int steps = shard.begins[static_cast<std::size_t>(i) + 1] - at;
    const VtraceTrajectory trajectory{behaviour.rewards.data() + at, behaviour.ends.data() + at,
                                      behaviour.log_ratios.data() + at, shard.values.data() + at,
                                      behaviour.bootstrap.data() + at};
    vtrace(trajectory, steps, coefficients, part(shard.returns, at, steps), part(shard.advantages, at, steps));
  }
}

void ActorCriticLearner::compute_gradient(int /*update*/, int shard_index) {
  Shard& shard = *shards_[static_cast<std::size_t>(shard_index)];
  const std::span<float> gradient = storage_.gradients[static_cast<std::size_t>(shard_index)];
  shard.terms = {};
  if (shard.rows == 0) {
    std::fill(gradient.begin(), gradient.end(), 0.0F);
    return;
  }
  const float* parameters = storage_.parameters.data();
  shard.network->forward(parameters, shard.observations.data(), shard.rows, shard.heads.data(), shard.values.data());
  if (const auto* targets = std::get_if<VtraceTargets>(&targets_)) correct_off_policy(*targets, shard);
  const std::span<float> d_log_std = gradient.subspan(layout_.log_std_offset, layout_.log_std_count);
  std::fill(d_log_std.begin(), d_log_std.end(), 0.0F);
  const double all_rows =
      statistics_.empty() ? static_cast<double>(plan_.environments) * plan_.steps : statistics_.front();
  const ActorCriticRows rows{shard.rows,           all_rows,
                             shard.heads.data(),   shard.values.data(),
                             shard.actions.data(), shard.advantages.data(),
                             shard.returns.data()};
  shard.terms = actor_critic_loss(layout_.spec, setting_.loss, rows, parameters + layout_.log_std_offset,
                                  shard.d_heads.data(), shard.d_values.data(), d_log_std.data());
  shard.network->backward(parameters, shard.d_heads.data(), shard.d_values.data(), gradient);
}

void ActorCriticLearner::apply_gradient(ParameterRange range, std::span<const float> gradient,
                                        double gradient_square_sum) {
  optimiser_.step(range, storage_.parameters, gradient, gradient_square_sum);
}

ActorCriticTerms ActorCriticLearner::loss_terms() const {
  ActorCriticTerms sum;
  for (const auto& shard : shards_) sum += shard->terms;
  return sum;
}

}  // namespace prl

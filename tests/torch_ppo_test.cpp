// PPO against a straightforward implementation on LibTorch: modules, autograd, torch::optim::Adam and clip_grad_norm_,
// in double precision, fed the same minibatches.
#include <torch/torch.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

// First, for its macro CHECK.
#include "tests/torch_reference.hpp"

#include "algorithms/adam.hpp"
#include "algorithms/minibatch_plan.hpp"
#include "core/episode_end.hpp"
#include "envs/cartpole.hpp"
#include "envs/pendulum.hpp"
#include "tests/catch2.hpp"
#include "tests/owned_learner.hpp"

namespace {

using prl::AlignedBuffer;
using prl::CartPole;
using prl::MinibatchPlan;
using prl::Pendulum;
using prl::SegmentView;
using prl::test::LearnerCase;
using prl::test::OwnedLearner;
using prl::test::TorchNetwork;
using torch::Tensor;

// A round's samples in environment order, one row each, advantages by the definition of GAE.
struct Samples {
  Tensor observations, actions, old_log_probs, old_values, advantages, returns;
};

Tensor column(const std::vector<double>& values) { return torch::tensor(values, torch::kFloat64); }

Samples samples_of(const SegmentView& segment, double gamma, double lambda) {
  const prl::SegmentLayout& layout = segment.layout();
  std::vector<double> observations, actions, log_probs, values, advantages, returns;
  for (int i = 0; i < segment.count(); ++i) {
    const prl::TrajectoryView trajectory = segment.trajectory(i);
    observations.insert(observations.end(), trajectory.observations,
                        trajectory.observations + layout.steps * layout.observation_size);
    actions.insert(actions.end(), trajectory.actions, trajectory.actions + layout.steps * layout.action_size);
    log_probs.insert(log_probs.end(), trajectory.log_probs, trajectory.log_probs + layout.steps);
    values.insert(values.end(), trajectory.values, trajectory.values + layout.steps);
    std::vector<double> advantage(static_cast<std::size_t>(layout.steps) + 1, 0.0);
    for (int t = layout.steps - 1; t >= 0; --t) {
      const auto n = static_cast<std::size_t>(t);
      const bool goes_on = trajectory.ends[t] == 0 && t < layout.steps - 1;
      const auto next = static_cast<double>(goes_on ? trajectory.values[t + 1] : trajectory.bootstrap[t]);
      advantage[n] = static_cast<double>(trajectory.rewards[t]) + gamma * next -
                     static_cast<double>(trajectory.values[t]) + (goes_on ? gamma * lambda * advantage[n + 1] : 0.0);
    }
    for (std::size_t t = 0; t + 1 < advantage.size(); ++t) {
      advantages.push_back(advantage[t]);
      returns.push_back(advantage[t] + static_cast<double>(trajectory.values[t]));
    }
  }
  return {column(observations).view({-1, layout.observation_size}),
          column(actions).view({-1, layout.action_size}),
          column(log_probs),
          column(values),
          column(advantages),
          column(returns)};
}

// log pi(a|s) and the entropy of every row.
struct Policy {
  Tensor log_probs;
  Tensor entropy;
};

Policy gaussian(const Tensor& mean, const Tensor& log_std, const Tensor& actions) {
  const Tensor z = (actions - mean) / log_std.exp();
  const double log_two_pi = std::log(2.0 * std::numbers::pi);
  return {(-0.5 * z * z - log_std - 0.5 * log_two_pi).sum(1), (log_std + 0.5 * log_two_pi + 0.5).sum()};
}

Policy categorical(const Tensor& logits, const Tensor& actions) {
  const Tensor log_probs = torch::log_softmax(logits, 1);
  return {log_probs.gather(1, actions.to(torch::kInt64)).squeeze(1), -(log_probs.exp() * log_probs).sum(1)};
}

Tensor ppo_objective(TorchNetwork& network, const LearnerCase& c, const Samples& all, const Tensor& rows) {
  const prl::PpoLossSetting& loss = c.setting.loss;
  const double clip = static_cast<double>(loss.clip);
  const auto [heads, values] = network.forward(all.observations.index_select(0, rows));
  const Tensor actions = all.actions.index_select(0, rows);
  const Policy policy = c.network.action_kind == prl::ActionKind::kContinuous
                            ? gaussian(heads, network.log_std(), actions)
                            : categorical(heads, actions);
  Tensor advantages = all.advantages.index_select(0, rows);
  advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8);
  const Tensor ratio = (policy.log_probs - all.old_log_probs.index_select(0, rows)).exp();
  const Tensor surrogate = torch::min(ratio * advantages, ratio.clamp(1.0 - clip, 1.0 + clip) * advantages).mean();
  const Tensor targets = all.returns.index_select(0, rows);
  Tensor error = (values - targets).square();
  if (loss.clip_value) {
    const Tensor old_values = all.old_values.index_select(0, rows);
    error = torch::max(error, (old_values + (values - old_values).clamp(-clip, clip) - targets).square());
  }
  return -surrogate + static_cast<double>(loss.value_coefficient) * error.mean() -
         static_cast<double>(loss.entropy_coefficient) * policy.entropy.mean();
}

// The union of the shards' parts of minibatch `update`, as rows of all samples.
Tensor joined_rows(const MinibatchPlan& plan, const LearnerCase& c, int shards, std::uint64_t round, int update) {
  std::vector<std::int64_t> rows;
  for (int shard = 0; shard < shards; ++shard) {
    std::vector<int> order(static_cast<std::size_t>(plan.sample_count(shard) * c.setting.epochs));
    plan.shuffle(prl::test::kRunSeed, round, shard, order);
    for (const int row : plan.part(order, update, shard)) rows.push_back(plan.first_sample(shard) + row);
  }
  return torch::tensor(rows, torch::kInt64);
}

template <typename E>
LearnerCase small_case(bool shared_trunk) {
  LearnerCase c;
  c.network = prl::test::network_for<E>({33, 17}, shared_trunk, prl::Activation::kTanh);
  c.setting.epochs = 3;
  c.setting.loss.entropy_coefficient = 0.01F;
  c.setting.learning_rate = 1e-3F;
  c.setting.anneal_learning_rate = true;
  c.total_rounds = 4;
  return c;
}

Samples samples_of(const SegmentView& segment, const LearnerCase& c) {
  return samples_of(segment, static_cast<double>(c.setting.gamma), static_cast<double>(c.setting.gae_lambda));
}

torch::optim::AdamOptions adam_options(const prl::AdamSetting& setting, double learning_rate) {
  return torch::optim::AdamOptions(learning_rate)
      .betas({static_cast<double>(setting.beta1), static_cast<double>(setting.beta2)})
      .eps(static_cast<double>(setting.epsilon));
}

}  // namespace

TEMPLATE_TEST_CASE("Gradients of 1 to 16 shards add up to autograd's gradient of the joined minibatch", "",
                   Pendulum<float>, CartPole<float>) {
  at::set_num_threads(1);
  for (const bool shared_trunk : {true, false}) {
    const LearnerCase c = small_case<TestType>(shared_trunk);
    for (const int shards : {1, 2, 3, 4, 8, 16}) {
      CAPTURE(shared_trunk, shards);
      const MinibatchPlan plan(c.environments * c.steps, c.setting.minibatch, c.setting.epochs, shards);
      OwnedLearner own(c, {shards, 0, shards});
      prl::test::SerialRun<TestType> run(c.network, c.environments, c.steps);
      for (std::uint64_t round = 0; round < 2; ++round) {
        const SegmentView& segment = run.collect(own.parameters());
        const Samples samples = samples_of(segment, c);
        own.learner().ingest(segment);
        for (int update = 0; update < own.learner().updates_due(); ++update) {
          TorchNetwork network(own.layout(), own.parameters(), torch::kFloat64);
          ppo_objective(network, c, samples, joined_rows(plan, c, shards, round, update)).backward();
          const std::span<const float> sum = own.summed_gradient(update);
          CHECK(prl::test::relative_distance(sum, network.flat_gradient()) < 1e-5);
          own.apply(sum);
        }
        own.learner().finish_round();
      }
    }
  }
}

TEMPLATE_TEST_CASE("Parameters after rounds of learning equal those of a straightforward implementation", "",
                   Pendulum<float>, CartPole<float>) {
  at::set_num_threads(1);
  const bool clip_value = GENERATE(false, true);
  const bool shared_trunk = GENERATE(false, true);
  CAPTURE(clip_value, shared_trunk);
  LearnerCase c = small_case<TestType>(shared_trunk);
  c.setting.loss.clip_value = clip_value;
  OwnedLearner own(c, {1, 0, 1});
  const std::vector<float> initial = own.parameter_copy();
  const MinibatchPlan plan(c.environments * c.steps, c.setting.minibatch, c.setting.epochs, 1);
  TorchNetwork reference(own.layout(), own.parameters(), torch::kFloat64);
  torch::optim::Adam optimiser(reference.tensors(), adam_options(c.setting.adam, 0.0));
  prl::test::SerialRun<TestType> run(c.network, c.environments, c.steps);
  int clipped = 0;
  for (std::uint64_t round = 0; round < 3; ++round) {
    const SegmentView& segment = run.collect(own.parameters());
    const Samples samples = samples_of(segment, c);
    own.learn(segment);
    const double left = 1.0 - static_cast<double>(round) / static_cast<double>(c.total_rounds);
    static_cast<torch::optim::AdamOptions&>(optimiser.param_groups()[0].options())
        .lr(static_cast<double>(c.setting.learning_rate) * left);
    for (int update = 0; update < plan.updates(); ++update) {
      optimiser.zero_grad();
      ppo_objective(reference, c, samples, joined_rows(plan, c, 1, round, update)).backward();
      const double norm = torch::nn::utils::clip_grad_norm_(reference.tensors(), 0.5);
      clipped += norm > 0.5;
      optimiser.step();
    }
    const std::vector<double> expected = reference.flat_parameters();
    // Relative to how far the parameters have moved, not to their size.
    double moved = 0.0;
    double apart = 0.0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      moved += std::pow(expected[i] - static_cast<double>(initial[i]), 2);
      apart += std::pow(expected[i] - static_cast<double>(own.parameters()[i]), 2);
    }
    CAPTURE(round);
    CHECK(std::sqrt(apart / moved) < 1e-4);
  }
  CHECK(clipped > 0);
}

TEST_CASE("Fifty steps of Adam equal torch::optim::Adam's") {
  constexpr std::int64_t kCount = 257;
  for (const float epsilon : {1e-8F, 1e-5F, 1e-3F}) {
    const prl::AdamSetting setting{.epsilon = epsilon};
    AlignedBuffer<float> parameters = prl::test::random_normals(kCount, 1);
    Tensor reference = prl::test::tensor_of(parameters.data(), 1, kCount, torch::kFloat64).requires_grad_();
    torch::optim::Adam optimiser({reference}, adam_options(setting, 0.01));
    prl::Adam adam(kCount, setting);
    for (std::uint32_t step = 0; step < 50; ++step) {
      // From steps far above epsilon to steps far below.
      const AlignedBuffer<float> gradient =
          prl::test::random_normals(kCount, 100 + step, std::pow(10.0F, -static_cast<float>(step % 10)));
      adam.step({0, kCount}, parameters.span(), gradient.span(), 1.0F, 0.01F);
      adam.finish_update();
      reference.mutable_grad() = prl::test::tensor_of(gradient.data(), 1, kCount, torch::kFloat64);
      optimiser.step();
      const Tensor own = prl::test::tensor_of(parameters.data(), 1, kCount, torch::kFloat64);
      CHECK((own - reference.detach()).abs().max().item<double>() < 2e-6);
    }
  }
}

TEST_CASE("Gradients are clipped like torch::nn::utils::clip_grad_norm_") {
  LearnerCase c = small_case<Pendulum<float>>(true);
  c.setting.adam.epsilon = 1.0F;  // Under a large epsilon the first step is proportional to the gradient.
  for (const float limit : {0.5F, 10.0F, 1e6F}) {
    c.setting.max_gradient_norm = limit;
    OwnedLearner own(c, {1, 0, 1});
    const std::size_t count = own.layout().parameter_count;
    const AlignedBuffer<float> gradient = prl::test::random_normals(count, 6, 0.1F);
    const auto size = static_cast<std::int64_t>(count);
    Tensor reference = prl::test::tensor_of(own.parameters(), 1, size, torch::kFloat64).requires_grad_();
    reference.mutable_grad() = prl::test::tensor_of(gradient.data(), 1, size, torch::kFloat64);
    torch::optim::Adam optimiser({reference},
                                 adam_options(c.setting.adam, static_cast<double>(c.setting.learning_rate)));
    const double norm = torch::nn::utils::clip_grad_norm_(std::vector<Tensor>{reference}, static_cast<double>(limit));
    CHECK(std::abs(norm - std::sqrt(prl::square_sum(gradient.span()))) < 1e-9 * norm);
    optimiser.step();
    own.apply(gradient.span());
    const Tensor stepped = prl::test::tensor_of(own.parameters(), 1, size, torch::kFloat64);
    CHECK((stepped - reference.detach()).abs().max().item<double>() < 1e-7);
  }
}

// A2C and V-trace against straightforward implementations on LibTorch: modules and autograd in double precision, targets
// from their definitions, fed the same trajectories.
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

// First, for its macro CHECK.
#include "tests/torch_reference.hpp"

#include "algorithms/rules.hpp"
#include "core/episode_end.hpp"
#include "envs/cartpole.hpp"
#include "envs/pendulum.hpp"
#include "tests/catch2.hpp"
#include "tests/owned_learner.hpp"

namespace {

using prl::A2cSetting;
using prl::CartPole;
using prl::NetworkSpec;
using prl::Pendulum;
using prl::SegmentView;
using prl::TrajectoryView;
using prl::VtraceSetting;
using prl::test::OwnedRule;
using prl::test::TorchNetwork;
using torch::Tensor;

constexpr int kEnvironments = 6;
// More than an episode of Pendulum-v1 every other round, many episodes of CartPole-v1.
constexpr int kSteps = 120;
constexpr int kCutRows = 2;

Tensor log_probs_of(const NetworkSpec& spec, TorchNetwork& network, const Tensor& heads, const Tensor& actions) {
  if (spec.action_kind == prl::ActionKind::kDiscrete) {
    return torch::log_softmax(heads, 1).gather(1, actions.to(torch::kInt64)).squeeze(1);
  }
  const Tensor z = (actions - heads) / network.log_std().exp();
  return (-0.5 * z * z - network.log_std() - 0.5 * std::log(2.0 * std::numbers::pi)).sum(1);
}

Tensor entropy_of(const NetworkSpec& spec, TorchNetwork& network, const Tensor& heads) {
  if (spec.action_kind == prl::ActionKind::kDiscrete) {
    const Tensor log_probs = torch::log_softmax(heads, 1);
    return -(log_probs.exp() * log_probs).sum(1);
  }
  const Tensor one = (network.log_std() + 0.5 * std::log(2.0 * std::numbers::pi) + 0.5).sum();
  return one.expand({heads.size(0)});
}

// What the two rules differ in: weights of errors and traces, as clipped ratios.
struct Weights {
  double gamma = 0.0;
  double lambda = 0.0;
  bool vtrace = false;
  double rho_bar = 0.0;
  double c_bar = 0.0;
};

struct Targets {
  std::vector<double> advantages, returns;
};

// Of one trajectory, forward in time from every step, by the sums that define GAE and V-trace.
Targets targets_of(const TrajectoryView& trajectory, const std::vector<double>& values,
                   const std::vector<double>& bootstrap, const std::vector<double>& ratios, const Weights& w) {
  const auto ends_at = [&](std::size_t t) { return trajectory.ends[t] != 0 || t + 1 == kSteps; };
  const auto next_value = [&](std::size_t t) { return ends_at(t) ? bootstrap[t] : values[t + 1]; };
  const auto error = [&](std::size_t t) {
    return static_cast<double>(trajectory.rewards[t]) + w.gamma * next_value(t) - values[t];
  };
  const auto rho = [&](std::size_t t) { return w.vtrace ? std::min(w.rho_bar, ratios[t]) : 1.0; };
  Targets targets;
  for (std::size_t t = 0; t < kSteps; ++t) {
    double sum = 0.0;
    double weight = 1.0;
    for (std::size_t k = t; k < kSteps; ++k) {
      sum += weight * rho(k) * error(k);
      if (ends_at(k)) break;
      weight *= w.gamma * w.lambda * (w.vtrace ? std::min(w.c_bar, ratios[k]) : 1.0);
    }
    targets.returns.push_back(values[t] + sum);
    targets.advantages.push_back(sum);
  }
  if (!w.vtrace) return targets;
  for (std::size_t t = 0; t < kSteps; ++t) {
    const double next = ends_at(t) ? bootstrap[t] : targets.returns[t + 1];
    targets.advantages[t] = rho(t) * (static_cast<double>(trajectory.rewards[t]) + w.gamma * next - values[t]);
  }
  return targets;
}

std::vector<double> as_vector(const Tensor& tensor) {
  const Tensor row = tensor.detach().to(torch::kFloat64).contiguous();
  return {row.data_ptr<double>(), row.data_ptr<double>() + row.numel()};
}

// The objective of a whole segment under `network`, whose gradient the rules follow.
Tensor objective(const NetworkSpec& spec, TorchNetwork& network, const prl::ActorCriticLossSetting& loss,
                 const SegmentView& segment, const Weights& weights) {
  Tensor sum = torch::zeros({}, torch::kFloat64);
  for (int i = 0; i < segment.count(); ++i) {
    const TrajectoryView trajectory = segment.trajectory(i);
    const auto rows = [](const float* values, int count, int columns) {
      return prl::test::tensor_of(values, count, columns, torch::kFloat64);
    };
    const auto [heads, values] = network.forward(rows(trajectory.observations, kSteps, spec.observation_size));
    const Tensor log_probs = log_probs_of(spec, network, heads, rows(trajectory.actions, kSteps, spec.action_size()));
    std::vector<double> bootstrap(kSteps, 0.0);
    int cut = 0;
    for (int t = 0; t < kSteps; ++t) {
      const bool bootstraps = trajectory.ends[t] == prl::kTruncated || (t == kSteps - 1 && trajectory.ends[t] == 0);
      if (!bootstraps) continue;
      const float* observation = trajectory.cut_observations + cut++ * spec.observation_size;
      bootstrap[static_cast<std::size_t>(t)] =
          network.forward(rows(observation, 1, spec.observation_size)).values.item<double>();
    }
    const Tensor ratios = (log_probs - rows(trajectory.log_probs, 1, kSteps).view({kSteps})).exp();
    const Targets targets = targets_of(trajectory, as_vector(values), bootstrap, as_vector(ratios), weights);
    const Tensor advantages = torch::tensor(targets.advantages, torch::kFloat64);
    const Tensor returns = torch::tensor(targets.returns, torch::kFloat64);
    sum = sum - (advantages * log_probs).sum() +
          static_cast<double>(loss.value_coefficient) * (values - returns).square().sum() -
          static_cast<double>(loss.entropy_coefficient) * entropy_of(spec, network, heads).sum();
  }
  return sum / (kSteps * segment.count());
}

struct RuleCase {
  prl::RuleSetting rule;
  prl::ActorCriticLossSetting loss;
  Weights weights;
};

RuleCase a2c_case(float lambda) {
  A2cSetting a2c;
  a2c.learner.loss.entropy_coefficient = 0.01F;
  a2c.targets.lambda = lambda;
  return {a2c, a2c.learner.loss, {0.99F, lambda, false, 0.0, 0.0}};
}

RuleCase vtrace_case(float lambda, float rho_bar, float c_bar) {
  VtraceSetting vtrace;
  vtrace.learner.loss.entropy_coefficient = 0.01F;
  vtrace.targets = {lambda, rho_bar, c_bar, true};
  return {vtrace, vtrace.learner.loss, {0.99F, lambda, true, rho_bar, c_bar}};
}

// Collects `rounds` rounds with initial parameters; the learner's are moved away from them where `stale`.
template <typename E>
void check_gradients(const RuleCase& c, bool shared_trunk, bool stale) {
  const NetworkSpec spec = prl::test::network_for<E>({33, 17}, shared_trunk, prl::Activation::kTanh);
  OwnedRule own(spec, c.rule, {{2, 0, 2}, kEnvironments, kSteps, prl::test::kRunSeed, 4, kCutRows});
  const std::vector<float> behaviour = own.parameter_copy();
  prl::SegmentLayout layout = prl::test::segment_layout(spec, kSteps);
  layout.cut_rows = kCutRows;
  const prl::test::Blocks blocks(layout, kEnvironments);
  prl::RolloutActor<E> actor({.layout = own.layout(), .seed = prl::test::kRunSeed, .step_cost = {}}, 0, kEnvironments);
  if (stale) {
    for (float& p : own.learner().parameters()) p = 1.3F * p + 0.05F;
  }
  for (int round = 0; round < 2; ++round) {
    const float* acts = stale ? behaviour.data() : own.parameters();
    REQUIRE(actor.collect(acts, blocks.view(), std::atomic<bool>(false)));
    TorchNetwork network(own.layout(), own.parameters(), torch::kFloat64);
    objective(spec, network, c.loss, blocks.view(), c.weights).backward();
    own.learner().ingest(blocks.view());
    const std::span<const float> sum = own.summed_gradient(0);
    CAPTURE(prl::name_of(c.rule), shared_trunk, stale, round);
    CHECK(prl::test::relative_distance(sum, network.flat_gradient()) < 2e-5);
    own.apply(sum);
    own.learner().finish_round();
  }
}

}  // namespace

TEMPLATE_TEST_CASE("A2C's gradients equal autograd's of the objective with GAE by its definition", "", Pendulum<float>,
                   CartPole<float>) {
  at::set_num_threads(1);
  for (const bool shared_trunk : {true, false}) {
    for (const float lambda : {1.0F, 0.9F}) check_gradients<TestType>(a2c_case(lambda), shared_trunk, false);
  }
}

TEMPLATE_TEST_CASE("V-trace's gradients equal autograd's with targets by their definition, on stale trajectories too",
                   "", Pendulum<float>, CartPole<float>) {
  at::set_num_threads(1);
  for (const bool shared_trunk : {true, false}) {
    for (const bool stale : {false, true}) {
      check_gradients<TestType>(vtrace_case(1.0F, 1.0F, 1.0F), shared_trunk, stale);
      check_gradients<TestType>(vtrace_case(0.9F, 2.0F, 0.8F), shared_trunk, stale);
    }
  }
}

TEST_CASE("Without epsilon RMSProp is torch::optim::RMSprop") {
  constexpr std::int64_t kCount = 257;
  prl::AlignedBuffer<float> parameters = prl::test::random_normals(kCount, 1);
  Tensor reference = prl::test::tensor_of(parameters.data(), 1, kCount, torch::kFloat64).requires_grad_();
  torch::optim::RMSprop optimiser({reference}, torch::optim::RMSpropOptions(0.01).alpha(0.9).eps(0.0));
  prl::RmsProp rmsprop(kCount, {.decay = 0.9F, .epsilon = 1e-30F});
  for (std::uint32_t step = 0; step < 50; ++step) {
    const prl::AlignedBuffer<float> gradient = prl::test::random_normals(kCount, 100 + step);
    rmsprop.step({0, kCount}, parameters.span(), gradient.span(), 1.0F, 0.01F);
    reference.mutable_grad() = prl::test::tensor_of(gradient.data(), 1, kCount, torch::kFloat64);
    optimiser.step();
    const Tensor own = prl::test::tensor_of(parameters.data(), 1, kCount, torch::kFloat64);
    CHECK((own - reference.detach()).abs().max().item<double>() < 5e-6);
  }
}

// Evaluation against an independent loop over the environment's own step, one episode an environment.
#include "core/policy_evaluation.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/rollout_actor.hpp"
#include "envs/cartpole.hpp"
#include "envs/pendulum.hpp"
#include "tests/catch2.hpp"
#include "tests/small_run.hpp"

namespace {

using prl::AlignedBuffer;
using prl::CartPole;
using prl::EvaluationAction;
using prl::NetworkLayout;
using prl::Pendulum;
using prl::RandomPurpose;
using prl::Rng;

constexpr int kEpisodes = 13;
constexpr std::uint64_t kSeed = 5;

template <typename E>
NetworkLayout network() {
  return NetworkLayout(prl::test::network_for<E>({17, 5}, true, prl::Activation::kTanh));
}

template <typename E>
std::vector<double> evaluate(const NetworkLayout& layout, const float* parameters, EvaluationAction mode,
                             int episodes = kEpisodes) {
  const std::atomic<bool> stop{false};
  return prl::evaluate_policy<E>(layout, parameters, {0, episodes}, kSeed, mode, stop);
}

// The return of one episode, stepped alone; `choose(observation, step, action)` is the policy.
template <typename E, typename Choose>
double episode_return(int episode, Choose choose) {
  typename E::State state;
  Rng reset(kSeed, RandomPurpose::kEvaluationReset, static_cast<std::uint32_t>(episode), 0);
  E::reset(state, reset);
  double sum = 0.0;
  for (std::uint64_t step = 0; step < E::kTimeLimit; ++step) {
    float observation[E::kObservationSize];
    float action[E::kActionSize];
    E::observe(state, observation);
    choose(observation, step, action);
    const typename E::Outcome outcome = E::step(state, action);
    sum += static_cast<double>(outcome.reward);
    if (outcome.terminated) break;
  }
  return sum;
}

}  // namespace

TEST_CASE("A cart that is always pushed left keeps its pole as long as the environment's own steps say") {
  const NetworkLayout layout = network<CartPole<float>>();
  // With equal logits the greedy action is the first.
  const AlignedBuffer<float> zeros(layout.parameter_count);
  const std::vector<double> returns = evaluate<CartPole<float>>(layout, zeros.data(), EvaluationAction::kMean);
  REQUIRE(returns.size() == kEpisodes);
  for (int e = 0; e < kEpisodes; ++e) {
    const double expected =
        episode_return<CartPole<float>>(e, [](const float*, std::uint64_t, float* action) { action[0] = 0.0F; });
    CHECK(returns[static_cast<std::size_t>(e)] == expected);
    CHECK(expected >= 7.0);
    CHECK(expected <= 12.0);
  }
}

TEST_CASE("A pendulum without torque earns what its own 200 steps say") {
  const NetworkLayout layout = network<Pendulum<float>>();
  const AlignedBuffer<float> zeros(layout.parameter_count);
  const std::vector<double> returns = evaluate<Pendulum<float>>(layout, zeros.data(), EvaluationAction::kMean);
  REQUIRE(returns.size() == kEpisodes);
  for (int e = 0; e < kEpisodes; ++e) {
    CHECK(returns[static_cast<std::size_t>(e)] ==
          episode_return<Pendulum<float>>(e, [](const float*, std::uint64_t, float* action) { action[0] = 0.0F; }));
  }
}

TEMPLATE_TEST_CASE("The policy's mode and its samples earn what a loop over single episodes earns", "", Pendulum<float>,
                   CartPole<float>) {
  const NetworkLayout layout = network<TestType>();
  const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
  prl::PolicyKernel kernel(layout, 1);
  for (const EvaluationAction mode : {EvaluationAction::kMean, EvaluationAction::kSampled}) {
    const std::vector<double> returns = evaluate<TestType>(layout, parameters.data(), mode);
    REQUIRE(returns.size() == kEpisodes);
    for (int e = 0; e < kEpisodes; ++e) {
      const auto choose = [&](const float* observation, std::uint64_t step, float* action) {
        std::vector<float> head(static_cast<std::size_t>(layout.spec.head_size));
        float value = 0.0F;
        kernel.forward(parameters.data(), observation, 1, head.data(), &value);
        Rng rng(kSeed, RandomPurpose::kEvaluationAction, static_cast<std::uint32_t>(e), step);
        prl::choose_action(layout.spec, head.data(), parameters.data() + layout.log_std_offset,
                           mode == EvaluationAction::kSampled ? &rng : nullptr, action);
      };
      CHECK(returns[static_cast<std::size_t>(e)] == episode_return<TestType>(e, choose));
    }
  }
}

TEST_CASE("An episode's return does not depend on how many are evaluated beside it") {
  const NetworkLayout layout = network<CartPole<float>>();
  const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
  const std::vector<double> many = evaluate<CartPole<float>>(layout, parameters.data(), EvaluationAction::kSampled, 40);
  for (const int episodes : {1, 3, 17}) {
    CHECK(evaluate<CartPole<float>>(layout, parameters.data(), EvaluationAction::kSampled, episodes) ==
          std::vector<double>(many.begin(), many.begin() + episodes));
  }
}

TEST_CASE("Evaluating between rounds does not move training") {
  using E = CartPole<float>;
  const NetworkLayout layout = network<E>();
  const AlignedBuffer<float> parameters = prl::test::random_parameters(layout);
  const prl::ActorSetting setting{.layout = layout, .seed = kSeed, .step_cost = {}};
  const std::atomic<bool> stop{false};
  prl::RolloutActor<E> undisturbed(setting, 0, 4);
  prl::RolloutActor<E> evaluated(setting, 0, 4);
  const prl::test::Blocks expected(prl::test::segment_layout(layout.spec, 50), 4);
  const prl::test::Blocks actual(prl::test::segment_layout(layout.spec, 50), 4);
  for (int round = 0; round < 3; ++round) {
    undisturbed.collect(parameters.data(), expected.view(), stop);
    evaluated.collect(parameters.data(), actual.view(), stop);
    evaluate<E>(layout, parameters.data(), EvaluationAction::kSampled);
    CHECK(actual.copy() == expected.copy());
  }
}

TEST_CASE("A stopped evaluation returns nothing") {
  const NetworkLayout layout = network<CartPole<float>>();
  const AlignedBuffer<float> zeros(layout.parameter_count);
  const std::atomic<bool> stop{true};
  CHECK(prl::evaluate_policy<CartPole<float>>(layout, zeros.data(), {0, 3}, kSeed, EvaluationAction::kMean, stop)
            .empty());
}

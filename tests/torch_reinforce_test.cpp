// REINFORCE against a straightforward implementation on LibTorch: modules and autograd in double precision, the sum over
// episodes and steps written out.
#include <torch/torch.h>

#include <cmath>
#include <cstddef>
#include <vector>

// First, for its macro CHECK.
#include "tests/torch_reference.hpp"

#include "algorithms/rules.hpp"
#include "core/episode_actor.hpp"
#include "core/episode_returns.hpp"
#include "envs/cartpole.hpp"
#include "tests/catch2.hpp"
#include "tests/owned_learner.hpp"

namespace {

using prl::CartPole;
using prl::NetworkSpec;
using prl::ReinforceSetting;
using prl::ReturnKind;
using prl::SegmentView;
using prl::TrajectoryView;
using prl::test::OwnedRule;
using prl::test::TorchNetwork;
using torch::Tensor;

constexpr int kEnvironments = 5;
constexpr int kQuota = 4;
constexpr int kSteps = kQuota * CartPole<float>::kTimeLimit;
// Rows of these go through the network in several pieces, of which the last is not whole.
constexpr int kManyEpisodes = 12;

NetworkSpec network() { return prl::test::network_for<CartPole<float>>({33, 17}, false, prl::Activation::kTanh); }

struct Sum {
  Tensor log_probs, values, entropy;
  std::vector<double> returns;
};

// The steps of all episodes, one after the other, with the return of each by its definition.
Sum terms_of(TorchNetwork& reference, const SegmentView& segment, const ReinforceSetting& setting) {
  std::vector<Tensor> log_probs, values, entropies;
  Sum sum;
  for (int i = 0; i < segment.count(); ++i) {
    const TrajectoryView trajectory = segment.trajectory(i);
    int steps = 0;
    while (steps < segment.layout().steps && trajectory.ends[steps] != prl::kAbsent) ++steps;
    const auto outputs = reference.forward(prl::test::tensor_of(trajectory.observations, steps, 4, torch::kFloat64));
    const Tensor all = torch::log_softmax(outputs.heads, 1);
    const Tensor actions = prl::test::tensor_of(trajectory.actions, steps, 1, torch::kInt64);
    log_probs.push_back(all.gather(1, actions).squeeze(1));
    entropies.push_back(-(all.exp() * all).sum(1));
    values.push_back(outputs.values);
    int first = 0;
    for (int t = 0; t < steps; ++t) {
      if (t > 0 && trajectory.ends[t - 1] != 0) first = t;
      const int from = setting.returns == ReturnKind::kWholeEpisode ? first : t;
      double discounted = 0.0;
      for (int k = from; k < steps; ++k) {
        discounted +=
            std::pow(static_cast<double>(setting.gamma), k - from) * static_cast<double>(trajectory.rewards[k]);
        if (trajectory.ends[k] != 0) break;
      }
      sum.returns.push_back(discounted);
    }
  }
  sum.log_probs = torch::cat(log_probs);
  sum.values = torch::cat(values);
  sum.entropy = torch::cat(entropies);
  return sum;
}

Tensor objective(TorchNetwork& reference, const SegmentView& segment, const ReinforceSetting& setting) {
  const Sum terms = terms_of(reference, segment, setting);
  const Tensor returns = torch::tensor(terms.returns, torch::kFloat64);
  Tensor advantages = setting.baseline ? returns - terms.values.detach() : returns;
  if (setting.normalise_advantages) advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8);
  Tensor loss = -(advantages * terms.log_probs).sum() -
                static_cast<double>(setting.loss.entropy_coefficient) * terms.entropy.sum();
  if (setting.baseline) {
    loss = loss + static_cast<double>(setting.loss.value_coefficient) * (terms.values - returns).square().sum();
  }
  return loss / setting.episodes;
}

// One round of `quota` episodes of each environment, collected with the learner's parameters; what was not taken is not a
// number, so that reading it shows.
class Round {
 public:
  Round(OwnedRule& own, int quota)
      : blocks_(prl::test::segment_layout(own.layout().spec, quota * CartPole<float>::kTimeLimit), kEnvironments),
        actor_({.layout = own.layout(), .seed = prl::test::kRunSeed, .step_cost = {}, .episodes_each = quota}, 0,
               kEnvironments) {
    collect(own);
  }

  // The next round.
  void collect(OwnedRule& own) {
    std::fill_n(blocks_.view().bytes(), blocks_.view().size_bytes(), std::byte{0xFF});
    actor_.collect(own.parameters(), blocks_.view(), std::atomic<bool>(false));
  }
  const SegmentView& view() const { return blocks_.view(); }

 private:
  prl::test::Blocks blocks_;
  prl::EpisodeActor<CartPole<float>> actor_;
};

ReinforceSetting setting_of(int quota) {
  ReinforceSetting setting;
  setting.episodes = quota * kEnvironments;
  setting.loss.entropy_coefficient = 0.01F;
  return setting;
}

void check_gradient(const ReinforceSetting& setting, int quota, int shards) {
  OwnedRule own(network(), setting,
                {{shards, 0, shards}, kEnvironments, quota * CartPole<float>::kTimeLimit, prl::test::kRunSeed, 1});
  const Round round(own, quota);
  TorchNetwork reference(own.layout(), own.parameters(), torch::kFloat64);
  objective(reference, round.view(), setting).backward();
  own.learner().ingest(round.view());
  CAPTURE(quota, shards, setting.baseline, setting.normalise_advantages);
  CHECK(prl::test::relative_distance(own.summed_gradient(0), reference.flat_gradient()) < 1e-5);
}

}  // namespace

TEST_CASE("Document D0's gradient: each step's log-probability times the return of its own episode") {
  at::set_num_threads(1);
  for (const int shards : {1, 3, 7}) check_gradient(setting_of(kQuota), kQuota, shards);
  check_gradient(setting_of(kManyEpisodes), kManyEpisodes, 1);
}

TEST_CASE("Returns to go, discount, baseline and normalisation are what they are called") {
  at::set_num_threads(1);
  for (const bool baseline : {false, true}) {
    for (const bool normalise : {false, true}) {
      ReinforceSetting setting = setting_of(kQuota);
      setting.returns = ReturnKind::kRewardToGo;
      setting.gamma = 0.97F;
      setting.baseline = baseline;
      setting.normalise_advantages = normalise;
      for (const int shards : {1, 2}) check_gradient(setting, kQuota, shards);
    }
  }
}

TEST_CASE("A round is learned from alone, by the number of its own steps and episodes") {
  at::set_num_threads(1);
  ReinforceSetting setting = setting_of(kQuota);
  setting.normalise_advantages = true;
  OwnedRule own(network(), setting, {{2, 0, 2}, kEnvironments, kSteps, prl::test::kRunSeed, 1});
  Round round(own, kQuota);
  for (int rounds = 1; rounds <= 3; ++rounds) {
    TorchNetwork reference(own.layout(), own.parameters(), torch::kFloat64);
    objective(reference, round.view(), setting).backward();
    own.learner().ingest(round.view());
    CHECK(own.learner().joint_statistics()[0] == static_cast<double>(prl::steps_taken(round.view())));
    CHECK(prl::test::relative_distance(own.summed_gradient(0), reference.flat_gradient()) < 1e-5);
    round.collect(own);
  }
}

TEST_CASE("Holders of shards compute the bits of the one that holds all") {
  ReinforceSetting setting = setting_of(kQuota);
  setting.normalise_advantages = true;
  constexpr int kShards = 3;
  OwnedRule central(network(), setting, {{kShards, 0, kShards}, kEnvironments, kSteps, prl::test::kRunSeed, 1});
  const Round round(central, kQuota);
  central.learner().ingest(round.view());
  central.summed_gradient(0);
  const std::span<const double> statistics = central.learner().joint_statistics();
  CHECK(statistics[0] > 100.0);
  std::vector<double> sum(statistics.size(), 0.0);
  std::vector<std::unique_ptr<OwnedRule>> holders;
  for (int s = 0; s < kShards; ++s) {
    holders.push_back(std::make_unique<OwnedRule>(
        network(), setting, prl::LearnerPlan{{kShards, s, 1}, kEnvironments, kSteps, prl::test::kRunSeed, 1}));
    prl::Learner& learner = holders.back()->learner();
    learner.ingest(round.view());
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += learner.joint_statistics()[k];
  }
  CHECK(std::equal(sum.begin(), sum.end(), statistics.begin()));
  for (int s = 0; s < kShards; ++s) {
    prl::Learner& learner = holders[static_cast<std::size_t>(s)]->learner();
    std::copy(sum.begin(), sum.end(), learner.joint_statistics().begin());
    learner.compute_gradient(0, 0);
    const std::span<const float> same = central.learner().gradient(s);
    CHECK(std::equal(same.begin(), same.end(), learner.gradient(0).begin()));
  }
}

TEST_CASE("Without a baseline the value network stays as it is") {
  OwnedRule own(network(), setting_of(kQuota), {{1, 0, 1}, kEnvironments, kSteps, prl::test::kRunSeed, 1});
  const std::vector<float> before = own.parameter_copy();
  const Round round(own, kQuota);
  own.learn(round.view());
  const prl::DenseLayer& head = own.layout().value_head;
  CHECK(own.parameter_copy() != before);
  for (std::size_t w = head.weight_offset; w <= head.bias_offset; ++w) CHECK(own.parameters()[w] == before[w]);
}

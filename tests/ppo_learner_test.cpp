// PPO as a learner of shards: whoever holds them computes the same, and what a round promises holds.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "algorithms/ppo.hpp"
#include "envs/cartpole.hpp"
#include "envs/pendulum.hpp"
#include "tests/catch2.hpp"
#include "tests/owned_learner.hpp"
#include "tests/relative_distance.hpp"

namespace {

using prl::CartPole;
using prl::Pendulum;
using prl::SegmentView;
using prl::test::LearnerCase;
using prl::test::OwnedLearner;

using Learners = std::vector<std::unique_ptr<OwnedLearner>>;

template <typename E>
LearnerCase small_case() {
  LearnerCase c;
  c.network = prl::test::network_for<E>({33, 17}, false, prl::Activation::kTanh);
  c.setting.epochs = 2;
  c.setting.minibatch = 32;
  c.setting.loss.entropy_coefficient = 0.01F;
  return c;
}

// Learners that hold `counts` shards each, one after the other, of their sum.
Learners holders(const LearnerCase& c, const std::vector<int>& counts) {
  const int total = std::accumulate(counts.begin(), counts.end(), 0);
  Learners learners;
  int first = 0;
  for (const int count : counts) {
    learners.push_back(std::make_unique<OwnedLearner>(c, prl::ShardPlan{total, first, count}));
    first += count;
  }
  return learners;
}

// Every holder takes the segment and sees the statistics of all of them, added up in order.
void ingest(Learners& learners, const SegmentView& segment) {
  for (auto& l : learners) l->learner().ingest(segment);
  std::vector<double> sum(learners.front()->learner().joint_statistics().size(), 0.0);
  for (auto& l : learners) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += l->learner().joint_statistics()[i];
  }
  for (auto& l : learners) std::copy(sum.begin(), sum.end(), l->learner().joint_statistics().begin());
}

// The gradients of all shards, in order.
std::vector<std::vector<float>> shard_gradients(Learners& learners, int update) {
  std::vector<std::vector<float>> gradients;
  for (auto& l : learners) {
    for (int s = 0; s < l->shard_count(); ++s) {
      l->learner().compute_gradient(update, s);
      gradients.emplace_back(l->learner().gradient(s).begin(), l->learner().gradient(s).end());
    }
  }
  return gradients;
}

std::vector<float> sum_of(const std::vector<std::vector<float>>& gradients) {
  std::vector<float> sum = gradients.front();
  for (std::size_t s = 1; s < gradients.size(); ++s) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += gradients[s][i];
  }
  return sum;
}

}  // namespace

TEMPLATE_TEST_CASE("A shard's gradient has the same bits whether one learner holds all shards or each its own", "",
                   Pendulum<float>, CartPole<float>) {
  const LearnerCase c = small_case<TestType>();
  // 3 and 5 do not divide the 16 environments: shards begin and end inside trajectories.
  for (const int shards : {1, 2, 3, 4, 5, 8, 16}) {
    CAPTURE(shards);
    Learners central = holders(c, {shards});
    Learners split = holders(c, std::vector<int>(static_cast<std::size_t>(shards), 1));
    prl::test::SerialRun<TestType> run(c.network, c.environments, c.steps);
    for (int round = 0; round < 2; ++round) {
      const SegmentView& segment = run.collect(central.front()->parameters());
      ingest(central, segment);
      ingest(split, segment);
      for (int update = 0; update < central.front()->learner().updates_due(); ++update) {
        const auto gradients = shard_gradients(central, update);
        REQUIRE(shard_gradients(split, update) == gradients);
        const std::vector<float> sum = sum_of(gradients);
        for (Learners* learners : {&central, &split}) {
          for (auto& l : *learners) l->apply(sum);
        }
      }
      for (Learners* learners : {&central, &split}) {
        for (auto& l : *learners) l->learner().finish_round();
      }
    }
    for (auto& l : split) CHECK(l->parameter_copy() == central.front()->parameter_copy());
  }
}

TEMPLATE_TEST_CASE("Learners that hold several shards each add up to the learner that holds all", "", Pendulum<float>,
                   CartPole<float>) {
  const LearnerCase c = small_case<TestType>();
  Learners central = holders(c, {16});
  Learners split = holders(c, {5, 1, 10});
  prl::test::SerialRun<TestType> run(c.network, c.environments, c.steps);
  const SegmentView& segment = run.collect(central.front()->parameters());
  ingest(central, segment);
  ingest(split, segment);
  for (int update = 0; update < central.front()->learner().updates_due(); ++update) {
    const std::vector<float> sum = sum_of(shard_gradients(central, update));
    CHECK(prl::test::relative_distance(sum_of(shard_gradients(split, update)), sum) < 1e-6);
  }
  prl::PpoLossTerms terms;
  for (auto& l : split) terms += l->learner().loss_terms();
  CHECK(std::abs(terms.value - central.front()->learner().loss_terms().value) < 1e-6 * terms.value);
}

TEST_CASE("A holder needs only its own environments' part of the segment") {
  const LearnerCase c = small_case<Pendulum<float>>();
  prl::test::SerialRun<Pendulum<float>> run(c.network, c.environments, c.steps);
  Learners whole = holders(c, {1, 1, 1, 1});
  Learners parts = holders(c, {1, 1, 1, 1});
  const SegmentView& segment = run.collect(whole.front()->parameters());
  for (std::size_t s = 0; s < 4; ++s) {
    whole[s]->learner().ingest(segment);
    parts[s]->learner().ingest(segment.part(4 * static_cast<int>(s), 4));
    whole[s]->learner().compute_gradient(0, 0);
    parts[s]->learner().compute_gradient(0, 0);
    const auto expected = whole[s]->learner().gradient(0);
    CHECK(std::equal(expected.begin(), expected.end(), parts[s]->learner().gradient(0).begin()));
  }
}

TEMPLATE_TEST_CASE("Rounds repeat to the bit for every number of shards", "", Pendulum<float>, CartPole<float>) {
  const LearnerCase c = small_case<TestType>();
  for (const int shards : {1, 2, 4, 8, 16}) {
    std::vector<std::vector<float>> results;
    for (int repetition = 0; repetition < 2; ++repetition) {
      OwnedLearner learner(c, {shards, 0, shards});
      prl::test::SerialRun<TestType> run(c.network, c.environments, c.steps);
      for (int round = 0; round < 3; ++round) learner.learn(run.collect(learner.parameters()));
      results.push_back(learner.parameter_copy());
    }
    CHECK(results[0] == results[1]);
  }
}

TEMPLATE_TEST_CASE("In a round's first update the ratio is exactly 1 and advantages have mean zero", "",
                   Pendulum<float>, CartPole<float>) {
  const LearnerCase c = small_case<TestType>();
  for (const int shards : {1, 4, 16}) {
    OwnedLearner learner(c, {shards, 0, shards});
    prl::test::SerialRun<TestType> run(c.network, c.environments, c.steps);
    for (int round = 0; round < 3; ++round) {
      learner.learner().ingest(run.collect(learner.parameters()));
      learner.summed_gradient(0);
      const prl::PpoLossTerms terms = learner.learner().loss_terms();
      CHECK(terms.approximate_kl == 0.0);
      CHECK(terms.clip_fraction == 0.0);
      CHECK(std::abs(terms.policy) < 1e-6);
      for (int update = 0; update < learner.learner().updates_due(); ++update) {
        learner.apply(learner.summed_gradient(update));
      }
      CHECK(learner.learner().loss_terms().approximate_kl > 0.0);
      learner.learner().finish_round();
    }
  }
}

TEST_CASE("A gradient in parts has the bits of the whole, and a part writes its own parameters alone") {
  constexpr float kRubbish = 1000.0F;
  for (const bool shared_trunk : {false, true}) {
    for (const prl::Backpropagation how : {prl::Backpropagation::kFlat, prl::Backpropagation::kAutograd}) {
      LearnerCase c = small_case<Pendulum<float>>();
      c.network.shared_trunk = shared_trunk;
      c.setting.backpropagation = how;
      OwnedLearner whole(c, {2, 0, 2});
      OwnedLearner divided(c, {2, 0, 2});
      prl::test::SerialRun<Pendulum<float>> run(c.network, c.environments, c.steps);
      const SegmentView& segment = run.collect(whole.parameters());
      whole.learner().ingest(segment);
      divided.learner().ingest(segment);
      const int parts = divided.learner().gradient_parts();
      CHECK(parts == (how == prl::Backpropagation::kFlat && !shared_trunk ? 2 : 1));
      CHECK(parts == prl::gradient_parts_of(c.setting, c.network));
      for (int shard = 0; shard < 2; ++shard) {
        whole.learner().compute_gradient(0, shard);
        const auto expected = whole.learner().gradient(shard);
        const auto gradient = divided.learner().gradient(shard);
        for (int part = parts - 1; part >= 0; --part) {
          std::fill(gradient.begin(), gradient.end(), kRubbish);
          divided.learner().compute_gradient_part(0, shard, part);
          for (std::size_t i = 0; i < gradient.size(); ++i) {
            const bool own = divided.learner().part_of_parameter(i) == part;
            REQUIRE(gradient[i] == (own ? expected[i] : kRubbish));
          }
        }
      }
      CHECK(divided.learner().loss_terms().policy == whole.learner().loss_terms().policy);
      CHECK(divided.learner().loss_terms().value == whole.learner().loss_terms().value);
    }
  }
}

TEST_CASE("The learning rate is annealed to zero over the rounds") {
  LearnerCase c = small_case<CartPole<float>>();
  c.setting.anneal_learning_rate = true;
  c.total_rounds = 2;
  OwnedLearner annealed(c, {1, 0, 1});
  c.setting.anneal_learning_rate = false;
  OwnedLearner constant(c, {1, 0, 1});
  prl::test::SerialRun<CartPole<float>> run(c.network, c.environments, c.steps);
  std::vector<float> before = annealed.parameter_copy();
  const SegmentView& segment = run.collect(annealed.parameters());
  annealed.learn(segment);
  constant.learn(segment);
  CHECK(annealed.parameter_copy() == constant.parameter_copy());
  CHECK(annealed.parameter_copy() != before);
  before = annealed.parameter_copy();
  for (OwnedLearner* learner : {&annealed, &constant}) {
    learner->learner().ingest(segment);
    learner->apply(learner->summed_gradient(0));
  }
  // The second of two rounds has half the learning rate.
  for (std::size_t i = 0; i < before.size(); ++i) {
    const float full_step = constant.parameters()[i] - before[i];
    const float half_step = annealed.parameters()[i] - before[i];
    REQUIRE(std::abs(half_step - 0.5F * full_step) <= 1e-7F + 1e-6F * std::abs(before[i]));
  }
  annealed.learner().finish_round();
  before = annealed.parameter_copy();
  annealed.learn(segment);
  CHECK(annealed.parameter_copy() == before);
}

TEST_CASE("LibTorch's autograd as backpropagation gives the same gradients") {
  LearnerCase c = small_case<Pendulum<float>>();
  OwnedLearner flat(c, {4, 0, 4});
  c.setting.backpropagation = prl::Backpropagation::kAutograd;
  OwnedLearner autograd(c, {4, 0, 4});
  prl::test::SerialRun<Pendulum<float>> run(c.network, c.environments, c.steps);
  const SegmentView& segment = run.collect(flat.parameters());
  flat.learner().ingest(segment);
  autograd.learner().ingest(segment);
  for (int update = 0; update < flat.learner().updates_due(); ++update) {
    const std::span<const float> expected = autograd.summed_gradient(update);
    const std::span<const float> actual = flat.summed_gradient(update);
    CHECK(prl::test::relative_distance({actual.begin(), actual.end()}, {expected.begin(), expected.end()}) < 1e-5);
  }
}

TEST_CASE("Without normalisation there is nothing to join, and a minibatch of one row is left as it is") {
  LearnerCase c = small_case<Pendulum<float>>();
  c.setting.normalise_advantages = false;
  CHECK(OwnedLearner(c, {1, 0, 1}).learner().joint_statistics().empty());
  c.setting.normalise_advantages = true;
  c.setting.minibatch = 1;
  c.setting.loss.entropy_coefficient = 0.0F;
  c.environments = 2;
  c.steps = 3;
  OwnedLearner single(c, {1, 0, 1});
  c.setting.normalise_advantages = false;
  OwnedLearner plain(c, {1, 0, 1});
  prl::test::SerialRun<Pendulum<float>> run(c.network, c.environments, c.steps);
  const SegmentView& segment = run.collect(single.parameters());
  single.learn(segment);
  plain.learn(segment);
  CHECK(single.parameter_copy() == plain.parameter_copy());
}

TEST_CASE("More shards than a minibatch has samples are refused") {
  LearnerCase c = small_case<Pendulum<float>>();
  c.setting.minibatch = 8;
  CHECK_THROWS_AS(OwnedLearner(c, {16, 0, 16}), std::invalid_argument);
  CHECK_NOTHROW(OwnedLearner(c, {8, 0, 8}));
}

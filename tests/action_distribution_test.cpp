// The two action distributions against their closed forms in double precision, and their samples against the law.
// Seeds are fixed, so each statistic is one number: the bounds are the 99.9 % points of its law.
#include "core/action_distribution.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "core/rollout_recorder.hpp"
#include "tests/catch2.hpp"

namespace {

using prl::Rng;

// 99.9 % point of chi-square with `degrees` of freedom, after Wilson and Hilferty (1931).
double chi_square_999(double degrees) {
  const double scale = 2.0 / (9.0 * degrees);
  return degrees * std::pow(1.0 - scale + 3.09 * std::sqrt(scale), 3.0);
}

double chi_square(const std::vector<int>& counts, const std::vector<double>& probabilities, int samples) {
  double sum = 0.0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    const double expected = samples * probabilities[k];
    sum += std::pow(counts[k] - expected, 2) / expected;
  }
  return sum;
}

// A stream of its own for each sample, as acting draws them.
Rng stream(int sample) { return {11, prl::RandomPurpose::kAction, 3, static_cast<std::uint64_t>(sample)}; }

std::vector<double> softmax(const std::vector<float>& logits) {
  double sum = 0.0;
  for (const float l : logits) sum += std::exp(static_cast<double>(l));
  std::vector<double> probabilities;
  probabilities.reserve(logits.size());
  for (const float l : logits) probabilities.push_back(std::exp(static_cast<double>(l)) / sum);
  return probabilities;
}

prl::NetworkSpec policy(prl::ActionKind kind, int head_size) {
  prl::NetworkSpec spec;
  spec.head_size = head_size;
  spec.action_kind = kind;
  return spec;
}

}  // namespace

TEST_CASE("The log-probability of a Gaussian action has its closed form") {
  for (int size = 1; size <= 4; ++size) {
    for (int sample = 0; sample < 200; ++sample) {
      Rng rng = stream(sample);
      std::array<float, 4> mean, log_std, action;
      double expected = 0.0;
      double magnitude = 1.0;
      for (std::size_t d = 0; d < static_cast<std::size_t>(size); ++d) {
        mean[d] = 3.0F * rng.normal();
        log_std[d] = rng.uniform(-3.0F, 2.0F);
        action[d] = mean[d] + 2.0F * std::exp(log_std[d]) * rng.normal();
        const double z =
            (static_cast<double>(action[d]) - static_cast<double>(mean[d])) / std::exp(static_cast<double>(log_std[d]));
        expected -= 0.5 * z * z + static_cast<double>(log_std[d]) + 0.5 * std::log(2.0 * std::numbers::pi);
        magnitude += z * z;
      }
      const float log_prob = prl::gaussian_log_prob(mean.data(), log_std.data(), action.data(), size);
      REQUIRE(std::abs(static_cast<double>(log_prob) - expected) < 1e-6 * magnitude);
    }
  }
}

TEST_CASE("Gaussian samples follow the normal law with the policy's mean and standard deviation") {
  constexpr int kSamples = 40000;
  constexpr int kBins = 20;
  const std::array<float, 2> mean = {1.5F, -2.0F};
  const std::array<float, 2> log_std = {-0.5F, 0.7F};
  std::array<std::vector<int>, 2> counts = {std::vector<int>(kBins), std::vector<int>(kBins)};
  for (int sample = 0; sample < kSamples; ++sample) {
    Rng rng = stream(sample);
    std::array<float, 2> action;
    prl::sample_gaussian(mean.data(), log_std.data(), 2, rng, action.data());
    for (std::size_t d = 0; d < 2; ++d) {
      const double z =
          (static_cast<double>(action[d]) - static_cast<double>(mean[d])) / std::exp(static_cast<double>(log_std[d]));
      const double quantile = 0.5 * std::erfc(-z / std::numbers::sqrt2);
      ++counts[d][static_cast<std::size_t>(quantile * kBins)];
    }
  }
  const std::vector<double> even(kBins, 1.0 / kBins);
  for (const auto& count : counts) CHECK(chi_square(count, even, kSamples) < chi_square_999(kBins - 1));
}

TEST_CASE("Log-probabilities of a categorical policy have their closed form and sum to one") {
  for (const std::vector<float>& logits : {std::vector<float>{0.0F, 0.0F}, std::vector<float>{0.5F, -1.25F},
                                           std::vector<float>{3.0F, 1.0F, 0.0F, -2.0F, 5.0F},
                                           std::vector<float>{-20.0F, -21.0F, -19.0F}, std::vector<float>{0.25F}}) {
    const std::vector<double> probabilities = softmax(logits);
    const int count = static_cast<int>(logits.size());
    double sum = 0.0;
    for (int k = 0; k < count; ++k) {
      const auto log_prob = static_cast<double>(prl::categorical_log_prob(logits.data(), count, k));
      CHECK(std::abs(log_prob - std::log(probabilities[static_cast<std::size_t>(k)])) < 4e-6);
      sum += std::exp(log_prob);
    }
    CHECK(std::abs(sum - 1.0) < 4e-6);
  }
}

TEST_CASE("A constant added to all logits changes nothing, however large they are") {
  const std::vector<float> logits = {1.0F, 0.0F, -2.0F};
  for (const float shift : {-10000.0F, -64.0F, 64.0F, 10000.0F}) {
    const std::vector<float> shifted = {1.0F + shift, 0.0F + shift, -2.0F + shift};
    for (int k = 0; k < 3; ++k) {
      const float difference =
          prl::categorical_log_prob(shifted.data(), 3, k) - prl::categorical_log_prob(logits.data(), 3, k);
      // One unit in the last place of the shifted logits.
      CHECK(std::abs(difference) < std::abs(shift) * 0x1p-22F);
    }
  }
}

TEST_CASE("Extreme logits give finite log-probabilities and the only possible action") {
  const std::vector<float> logits = {-1e4F, 1e4F, -1e30F, 0.0F};
  CHECK(prl::categorical_log_prob(logits.data(), 4, 1) == 0.0F);
  CHECK(prl::categorical_log_prob(logits.data(), 4, 0) == -2e4F);
  CHECK(prl::categorical_log_prob(logits.data(), 4, 2) < -9e29F);
  for (int sample = 0; sample < 10000; ++sample) {
    Rng rng = stream(sample);
    REQUIRE(prl::sample_categorical(logits.data(), 4, rng) == 1);
  }
}

TEST_CASE("Categorical samples come with the frequencies of their probabilities") {
  constexpr int kSamples = 40000;
  for (const std::vector<float>& logits :
       {std::vector<float>{0.0F, 0.0F}, std::vector<float>{1.0F, -1.0F},
        std::vector<float>{0.0F, 1.0F, -3.0F, 2.0F, 0.5F}, std::vector<float>{500.0F, 501.0F, 499.0F}}) {
    std::vector<float> from_largest = logits;
    for (float& l : from_largest) l -= logits[0];
    std::vector<int> counts(logits.size());
    for (int sample = 0; sample < kSamples; ++sample) {
      Rng rng = stream(sample);
      ++counts[static_cast<std::size_t>(prl::sample_categorical(logits.data(), static_cast<int>(logits.size()), rng))];
    }
    CHECK(chi_square(counts, softmax(from_largest), kSamples) <
          chi_square_999(static_cast<double>(logits.size()) - 1.0));
  }
}

TEST_CASE("The greedy action is the most probable one, the first of several") {
  const std::array<float, 5> logits = {-1.0F, 2.0F, 0.0F, 2.0F, -5.0F};
  CHECK(prl::greedy_categorical(logits.data(), 5) == 1);
  CHECK(prl::greedy_categorical(logits.data(), 1) == 0);
}

TEST_CASE("An action chosen without random numbers is the mode, one with them the distribution's sample") {
  const std::array<float, 2> head = {0.5F, -1.5F};
  const std::array<float, 2> log_std = {-1.0F, 0.5F};
  std::array<float, 2> action, expected;
  const prl::NetworkSpec gaussian = policy(prl::ActionKind::kContinuous, 2);
  CHECK(prl::choose_action(gaussian, head.data(), log_std.data(), nullptr, action.data()) ==
        prl::gaussian_log_prob(head.data(), log_std.data(), head.data(), 2));
  CHECK(action == head);
  Rng rng = stream(0);
  Rng same = stream(0);
  const float log_prob = prl::choose_action(gaussian, head.data(), log_std.data(), &rng, action.data());
  prl::sample_gaussian(head.data(), log_std.data(), 2, same, expected.data());
  CHECK(action == expected);
  CHECK(log_prob == prl::gaussian_log_prob(head.data(), log_std.data(), expected.data(), 2));

  const prl::NetworkSpec categorical = policy(prl::ActionKind::kDiscrete, 2);
  CHECK(prl::choose_action(categorical, head.data(), nullptr, nullptr, action.data()) ==
        prl::categorical_log_prob(head.data(), 2, 0));
  CHECK(action[0] == 0.0F);
  const float sampled = prl::choose_action(categorical, head.data(), nullptr, &rng, action.data());
  const int index = prl::sample_categorical(head.data(), 2, same);
  CHECK(action[0] == static_cast<float>(index));
  CHECK(sampled == prl::categorical_log_prob(head.data(), 2, index));
}

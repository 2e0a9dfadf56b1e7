// Which samples go into which minibatch: every one exactly once an epoch, in parts as even as whole samples allow.
#include "algorithms/minibatch_plan.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/catch2.hpp"

namespace {

using prl::MinibatchPlan;

struct Case {
  int samples, minibatch, shards;
};

// Divisible and not; one shard and sixteen; minibatches of one sample and larger than the round.
const std::vector<Case> kCases = {{2048, 64, 1},  {2048, 64, 16}, {2048, 64, 3}, {2000, 64, 16}, {2040, 64, 15},
                                  {1001, 100, 7}, {72, 32, 16},   {48, 32, 16},  {17, 17, 1},    {17, 5, 3},
                                  {10, 1, 1},     {5, 64, 5},     {1, 1, 1},     {97, 16, 13}};

std::vector<int> shuffled(const MinibatchPlan& plan, int epochs, int shard, std::uint64_t seed = 1,
                          std::uint64_t round = 0) {
  std::vector<int> order(static_cast<std::size_t>(epochs) * static_cast<std::size_t>(plan.sample_count(shard)));
  plan.shuffle(seed, round, shard, order);
  return order;
}

std::string refusal(int samples, int minibatch, int epochs, int shards) {
  try {
    const MinibatchPlan plan(samples, minibatch, epochs, shards);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Shards cover all samples without overlap and as evenly as whole samples allow") {
  for (const Case& c : kCases) {
    CAPTURE(c.samples, c.minibatch, c.shards);
    const MinibatchPlan plan(c.samples, c.minibatch, 1, c.shards);
    CHECK(plan.first_sample(0) == 0);
    CHECK(plan.first_sample(c.shards) == c.samples);
    for (int shard = 0; shard < c.shards; ++shard) {
      CHECK(plan.sample_count(shard) >= c.samples / c.shards);
      CHECK(plan.sample_count(shard) <= c.samples / c.shards + 1);
    }
  }
}

TEST_CASE("Every sample is in exactly one minibatch of every epoch") {
  constexpr int kEpochs = 3;
  for (const Case& c : kCases) {
    CAPTURE(c.samples, c.minibatch, c.shards);
    const MinibatchPlan plan(c.samples, c.minibatch, kEpochs, c.shards);
    REQUIRE(plan.updates() == kEpochs * plan.minibatches());
    for (int epoch = 0; epoch < kEpochs; ++epoch) {
      std::vector<int> uses(static_cast<std::size_t>(c.samples), 0);
      for (int shard = 0; shard < c.shards; ++shard) {
        const std::vector<int> order = shuffled(plan, kEpochs, shard);
        for (int minibatch = 0; minibatch < plan.minibatches(); ++minibatch) {
          const int update = epoch * plan.minibatches() + minibatch;
          const auto part = plan.part(order, update, shard);
          REQUIRE(static_cast<int>(part.size()) == plan.rows(update, shard));
          for (const int row : part) {
            const int sample = plan.first_sample(shard) + row;
            ++uses[static_cast<std::size_t>(sample)];
          }
        }
      }
      CHECK(std::count(uses.begin(), uses.end(), 1) == c.samples);
    }
  }
}

TEST_CASE("Minibatches and the shards' parts of them differ by one sample at most, and none is too large or empty") {
  for (const Case& c : kCases) {
    CAPTURE(c.samples, c.minibatch, c.shards);
    const MinibatchPlan plan(c.samples, c.minibatch, 2, c.shards);
    CHECK(plan.minibatches() == (c.samples + c.minibatch - 1) / c.minibatch);
    int most_rows = 0;
    for (int update = 0; update < plan.updates(); ++update) {
      int total = 0;
      for (int shard = 0; shard < c.shards; ++shard) {
        const int rows = plan.rows(update, shard);
        CHECK(rows >= 1);
        CHECK(rows >= plan.sample_count(shard) / plan.minibatches());
        CHECK(rows <= plan.sample_count(shard) / plan.minibatches() + 1);
        most_rows = std::max(most_rows, rows);
        total += rows;
      }
      CHECK(plan.total_rows(update) == total);
      CHECK(total >= c.samples / plan.minibatches());
      CHECK(total <= (c.samples + plan.minibatches() - 1) / plan.minibatches());
      CHECK(total <= c.minibatch);
    }
    CHECK(plan.most_rows() == most_rows);
  }
}

TEST_CASE("Orders differ between epochs, rounds, shards and seeds, and repeat for the same of each") {
  constexpr int kEpochs = 2;
  const MinibatchPlan plan(512, 64, kEpochs, 2);
  const std::vector<int> order = shuffled(plan, kEpochs, 0);
  CHECK(order == shuffled(plan, kEpochs, 0));
  CHECK(!std::equal(order.begin(), order.begin() + 256, order.begin() + 256));
  CHECK(order != shuffled(plan, kEpochs, 1));
  CHECK(order != shuffled(plan, kEpochs, 0, 2));
  // The first epoch of a round has nothing of the last epoch of the round before.
  const std::vector<int> next = shuffled(plan, kEpochs, 0, 1, 1);
  CHECK(!std::equal(next.begin(), next.begin() + 256, order.begin()));
  CHECK(!std::equal(next.begin(), next.begin() + 256, order.begin() + 256));
}

TEST_CASE("Every sample comes to every place equally often") {
  constexpr int kSamples = 8;
  constexpr int kEpochs = 4000;
  const MinibatchPlan plan(kSamples, kSamples, kEpochs, 1);
  const std::vector<int> order = shuffled(plan, kEpochs, 0);
  double chi_square = 0.0;
  for (std::size_t place = 0; place < kSamples; ++place) {
    std::vector<int> counts(kSamples, 0);
    for (std::size_t epoch = 0; epoch < kEpochs; ++epoch) {
      ++counts[static_cast<std::size_t>(order[epoch * kSamples + place])];
    }
    constexpr double kExpected = static_cast<double>(kEpochs) / kSamples;
    for (const int count : counts) chi_square += std::pow(count - kExpected, 2) / kExpected;
  }
  // The 99.9 % point of chi-square with 49 degrees of freedom: rows and columns of the table have fixed sums.
  CHECK(chi_square * (kSamples - 1) / kSamples < 85.4);
}

TEST_CASE("Plans that leave a shard without samples, and counts below one, are refused with what to change") {
  CHECK(refusal(2048, 64, 10, 65).find("a minibatch of 64 cannot be shared by 65 shards") == 0);
  CHECK(refusal(2048, 64, 10, 65).find("fewer shards or a larger --minibatch") != std::string::npos);
  CHECK(refusal(2048, 64, 10, 64).empty());
  CHECK(refusal(10, 64, 1, 11).find("11 shards") != std::string::npos);
  for (const std::string& message :
       {refusal(0, 1, 1, 1), refusal(1, 0, 1, 1), refusal(1, 1, 0, 1), refusal(1, 1, 1, 0), refusal(-5, 1, 1, 1)}) {
    CHECK(message.find("must be at least 1") != std::string::npos);
  }
}

TEST_CASE("A minibatch larger than any round is one minibatch") {
  const MinibatchPlan plan(2048, std::numeric_limits<int>::max(), 10, 1);
  CHECK(plan.minibatches() == 1);
  CHECK(plan.rows(3, 0) == 2048);
}

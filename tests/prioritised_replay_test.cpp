// Sampling by priority against a naive sum, against the distribution it should have, and by hand.
#include "algorithms/replay/prioritised_replay.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "algorithms/replay/reduction_tree.hpp"
#include "core/random.hpp"
#include "tests/catch2.hpp"

namespace {

using prl::PrioritisedReplay;
using prl::Rng;

constexpr auto kPurpose = prl::RandomPurpose::kReplay;

// Leaves with many zeros and values over six orders of magnitude.
double random_leaf(Rng& rng) { return rng.below(3) == 0 ? 0.0 : std::pow(10.0, rng.uniform<double>(-3.0, 3.0)); }

// What find_by_mass promises, by going through all leaves.
std::size_t naive_find(const std::vector<double>& leaves, double mass) {
  double sum = 0.0;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    sum += leaves[i];
    if (mass < sum) return i;
  }
  return leaves.size();
}

// How often each of `count` slots is drawn in batches of `batch`.
std::vector<double> draw_counts(const PrioritisedReplay& replay, std::size_t count, std::size_t batch, int batches) {
  std::vector<double> counts(count, 0.0);
  std::vector<int> slots(batch);
  for (int b = 0; b < batches; ++b) {
    Rng rng(5, kPurpose, 0, static_cast<std::uint64_t>(b));
    replay.sample(rng, slots);
    for (const int slot : slots) counts[static_cast<std::size_t>(slot)] += 1.0;
  }
  return counts;
}

}  // namespace

TEST_CASE("Trees hold the sum and the minimum of their leaves through random updates") {
  for (const std::size_t count : {1UL, 2UL, 7UL, 8UL, 9UL, 64UL, 65UL, 1000UL}) {
    CAPTURE(count);
    prl::SumTree sums(count);
    prl::MinTree minima(count);
    CHECK(sums.total() == 0.0);
    CHECK(minima.total() == std::numeric_limits<double>::infinity());
    std::vector<double> leaves(count, 0.0);
    std::vector<double> minimum_leaves(count, std::numeric_limits<double>::infinity());
    Rng rng(3, kPurpose, static_cast<std::uint32_t>(count), 0);
    for (int update = 0; update < 2000; ++update) {
      const std::size_t i = rng.below(static_cast<std::uint32_t>(count));
      leaves[i] = random_leaf(rng);
      minimum_leaves[i] = leaves[i];
      sums.set(i, leaves[i]);
      minima.set(i, leaves[i]);
      double sum = 0.0;
      double least = std::numeric_limits<double>::infinity();
      for (std::size_t k = 0; k < count; ++k) {
        sum += leaves[k];
        least = std::min(least, minimum_leaves[k]);
      }
      REQUIRE(std::abs(sums.total() - sum) <= 1e-12 * sum);
      REQUIRE(minima.total() == least);
    }
    for (std::size_t i = 0; i < count; ++i) CHECK(sums.get(i) == leaves[i]);
  }
}

TEST_CASE("A mass finds the leaf in which the running sum passes it, and never a leaf of 0") {
  for (const std::size_t count : {1UL, 8UL, 9UL, 100UL}) {
    Rng rng(4, kPurpose, static_cast<std::uint32_t>(count), 0);
    prl::SumTree tree(count);
    std::vector<double> leaves(count, 0.0);
    for (std::size_t i = 0; i < count; ++i) {
      // Small whole numbers: sums are exact in any order.
      leaves[i] = static_cast<double>(rng.below(4));
      if (i == count / 2) leaves[i] = 2.0;
      tree.set(i, leaves[i]);
    }
    for (double mass = 0.0; mass < tree.total(); mass += 0.25) {
      CAPTURE(count, mass);
      REQUIRE(prl::find_by_mass(tree, mass) == naive_find(leaves, mass));
    }
    const double beyond = std::nextafter(tree.total(), 1e9);
    for (const double mass : {tree.total(), beyond}) CHECK(leaves[prl::find_by_mass(tree, mass)] > 0.0);
  }
}

TEST_CASE("Frequencies of draws are proportional to priorities to the power alpha") {
  constexpr std::size_t kSlots = 30;
  constexpr int kBatches = 20000;
  constexpr std::size_t kBatch = 16;
  // Quantile 0.999 of chi-square with kSlots - 1 degrees of freedom; stratified draws spread less than independent ones.
  constexpr double kLimit = 58.3;
  for (const float alpha : {0.0F, 0.6F, 1.0F}) {
    CAPTURE(alpha);
    PrioritisedReplay replay(kSlots, alpha);
    std::vector<double> shares(kSlots);
    double sum = 0.0;
    Rng rng(6, kPurpose, 0, 0);
    for (std::size_t i = 0; i < kSlots; ++i) {
      const float priority = rng.uniform<float>(0.05F, 5.0F);
      replay.set_priority(static_cast<int>(i), priority);
      shares[i] = std::pow(static_cast<double>(priority), static_cast<double>(alpha));
      sum += shares[i];
    }
    const std::vector<double> counts = draw_counts(replay, kSlots, kBatch, kBatches);
    double chi_square = 0.0;
    for (std::size_t i = 0; i < kSlots; ++i) {
      const double expected = shares[i] / sum * static_cast<double>(kBatch * kBatches);
      chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
      CHECK(std::abs(replay.probability(static_cast<int>(i)) - shares[i] / sum) < 1e-12);
    }
    CHECK(chi_square < kLimit);
  }
}

TEST_CASE("A batch has one draw in each of its equal parts of the sum") {
  // With equal priorities and as many draws as slots, each slot is one part.
  PrioritisedReplay replay(20, 0.6F);
  for (int slot = 0; slot < 20; ++slot) replay.set_priority(slot, 0.7F);
  for (const double count : draw_counts(replay, 20, 20, 50)) CHECK(count == 50.0);
}

TEST_CASE("Equal priorities are drawn uniformly, with weights of 1") {
  PrioritisedReplay replay(50, 0.6F);
  for (int slot = 0; slot < 50; ++slot) replay.set_priority(slot, 0.3F);
  std::vector<int> slots(50);
  for (int slot = 0; slot < 50; ++slot) {
    slots[static_cast<std::size_t>(slot)] = slot;
    CHECK(std::abs(replay.probability(slot) - 0.02) < 1e-15);
  }
  std::vector<float> weights(50);
  replay.importance_weights(slots, 0.4F, weights);
  for (const float weight : weights) CHECK(weight == 1.0F);
}

TEST_CASE("A priority of 0 is never drawn, whatever alpha, and does not count as the least") {
  for (const float alpha : {0.0F, 0.6F, 1.0F}) {
    CAPTURE(alpha);
    PrioritisedReplay replay(9, alpha);
    for (int slot = 0; slot < 9; ++slot) replay.set_priority(slot, slot % 4 == 0 ? 0.0F : 2.0F);
    const std::vector<double> counts = draw_counts(replay, 9, 7, 500);
    for (std::size_t slot = 0; slot < 9; ++slot) CHECK((counts[slot] == 0.0) == (slot % 4 == 0));
    std::vector<float> weights(1);
    replay.importance_weights(std::vector<int>{1}, 1.0F, weights);
    CHECK(weights[0] == 1.0F);
  }
}

TEST_CASE("Importance weights by hand") {
  // p^alpha: 1, 2, 4; N P: 3/7, 6/7, 12/7; weights over the largest: (1, 1/2, 1/4)^beta.
  PrioritisedReplay replay(8, 0.5F);
  replay.set_priority(0, 1.0F);
  replay.set_priority(1, 4.0F);
  replay.set_priority(2, 16.0F);
  const std::vector<int> slots = {2, 0, 1, 2};
  std::vector<float> weights(4);
  replay.importance_weights(slots, 1.0F, weights);
  CHECK(weights == std::vector<float>{0.25F, 1.0F, 0.5F, 0.25F});
  replay.importance_weights(slots, 0.5F, weights);
  CHECK(weights[0] == 0.5F);
  CHECK(std::abs(weights[2] - std::sqrt(0.5F)) < 1e-7F);
  replay.importance_weights(slots, 0.0F, weights);
  CHECK(weights == std::vector<float>(4, 1.0F));
  // A slot that is written again has its new priority, also where it was the least.
  replay.set_priority(0, 16.0F);
  replay.importance_weights(slots, 1.0F, weights);
  CHECK(weights == std::vector<float>{0.5F, 0.5F, 1.0F, 0.5F});
  CHECK(std::abs(replay.probability(0) - 0.4) < 1e-15);
}

TEST_CASE("The largest priority is 1 before the first, and then the largest ever set") {
  PrioritisedReplay replay(4, 0.6F);
  CHECK(replay.largest_priority() == 1.0F);
  replay.set_priority(0, 0.25F);
  CHECK(replay.largest_priority() == 0.25F);
  replay.set_priority(1, 3.0F);
  replay.set_priority(1, 0.5F);
  CHECK(replay.largest_priority() == 3.0F);
}

// The bodies of the Q-learning kernels, run on the host, against value iteration.
#include "device/q_learning_run.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "envs/tabular/optimal_values.hpp"
#include "envs/tabular/random_mdp.hpp"
#include "envs/tabular/registry.hpp"
#include "tests/catch2.hpp"

namespace {

using prl::CellMeeting;
using prl::FlatTable;
using prl::QLearningSetting;
using prl::TransitionTable;

double distance(const std::vector<float>& q, const std::vector<double>& expected) {
  double largest = 0.0;
  for (std::size_t pair = 0; pair < q.size(); ++pair) largest = std::max(largest, std::abs(q[pair] - expected[pair]));
  return largest;
}

TransitionTable documents_table(int actions) { return prl::random_mdp({64, actions, 4, 3}); }

}  // namespace

TEST_CASE("Sweeps with a step of one over a table without chance are value iteration") {
  const TransitionTable table = prl::transition_table("CliffWalking-v1");
  REQUIRE(table.deterministic());
  constexpr double kGamma = 0.9;
  const auto run =
      prl::q_learning_on_host(FlatTable(table), QLearningSetting{{static_cast<float>(kGamma), 1}, 5, 0.0F});
  std::vector<double> expected(table.pairs(), 0.0);
  for (int sweep = 1; sweep <= 40; ++sweep) {
    std::vector<double> next(expected.size());
    for (int state = 0; state < table.states(); ++state) {
      for (int action = 0; action < table.actions(); ++action) {
        next[table.pair(state, action)] = prl::bellman_right_side(table, kGamma, 1, expected, state, action);
      }
    }
    expected = next;
    run->sweep(1);
    // Rewards go down to -100; a rounding of each sweep at most, discounted.
    REQUIRE(distance(run->values(), expected) < 1000.0 * 0x1p-24 / (1.0 - kGamma));
  }
}

TEST_CASE("Swept and drawn updates approach Q*, and with subsets of the actions the equation that subsets solve") {
  constexpr double kGamma = 0.8;
  for (const int subsets : {1, 4}) {
    const TransitionTable table = documents_table(16);
    const std::vector<double> own = prl::optimal_values(table, kGamma, subsets).q;
    const std::vector<double> other = prl::optimal_values(table, kGamma, subsets == 1 ? 4 : 1).q;
    const QLearningSetting setting{{static_cast<float>(kGamma), subsets}, 7, 0.8F};
    const FlatTable flat(table);
    const auto swept = prl::q_learning_on_host(flat, setting);
    const auto drawn = prl::q_learning_on_host(flat, setting);
    constexpr int kSweeps = 3000;
    swept->sweep(kSweeps);
    drawn->draw(static_cast<std::int64_t>(kSweeps) * 1024, CellMeeting::kLaterWins);
    for (const auto& run : {&swept, &drawn}) {
      const double apart = distance((*run)->values(), own);
      CAPTURE(subsets, apart);
      // With alpha = 3000^-0.8 a pair's noise has a deviation of about sqrt(alpha / 2) 0.35 = 0.010, 3.5 times that in
      // the worst of 1024 pairs. The equation contracts by gamma, so values are apart by 1 / (1 - gamma) times that at
      // most, 0.175, and what is left of the start is exp(-(1 - gamma) sum alpha) max Q* = 0.03.
      CHECK(apart < 0.2);
      CHECK(distance((*run)->values(), other) > 4 * apart);
    }
  }
}

TEST_CASE("Drawn updates do not depend on how they are divided into launches, nor sweeps") {
  const FlatTable flat(documents_table(8));
  const QLearningSetting setting{{0.8F, 2}, 9, 0.8F};
  const auto together = prl::q_learning_on_host(flat, setting);
  const auto apart = prl::q_learning_on_host(flat, setting);
  together->draw(1000, CellMeeting::kAtomic);
  for (const int updates : {1, 299, 700}) apart->draw(updates, CellMeeting::kAtomic);
  CHECK(together->values() == apart->values());
  const auto sweeps = prl::q_learning_on_host(flat, setting);
  const auto one_by_one = prl::q_learning_on_host(flat, setting);
  sweeps->sweep(5);
  for (int n = 0; n < 5; ++n) one_by_one->sweep(1);
  CHECK(sweeps->values() == one_by_one->values());
}

// Transition tables: what they draw, what they refuse, and their exact values against closed forms and linear solves.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "envs/tabular/optimal_values.hpp"
#include "envs/tabular/random_mdp.hpp"
#include "envs/tabular/registry.hpp"
#include "envs/tabular/table_policy_values.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_expectations.hpp"

using namespace prl;
using namespace prl::test;

namespace {

bool close(double value, double expected, double relative) {
  return std::abs(value - expected) <= relative * std::abs(expected);
}

// States 0 .. n - 1 in a row; action 1 goes right, action 0 left. Leaving to the right of n - 1 ends with reward 1.
TransitionTable corridor(int n) {
  std::vector<double> start(static_cast<std::size_t>(n), 0.0);
  start[0] = 1.0;
  const auto outcomes_of = [n](int state, int action) -> std::vector<TableOutcome> {
    if (action == 0) return {{1.0, std::max(state - 1, 0), 0.0, false}};
    if (state == n - 1) return {{1.0, state, 1.0, true}};
    return {{1.0, state + 1, 0.0, false}};
  };
  return {n, 2, outcomes_of, start};
}

// One action. State 0 stays with probability p and reward 1, else goes to state 1 with reward 0; state 1 returns with
// reward 2.
TransitionTable two_states(double p) {
  const auto outcomes_of = [p](int state, int /*action*/) -> std::vector<TableOutcome> {
    if (state == 1) return {{1.0, 0, 2.0, false}};
    return {{p, 0, 1.0, false}, {1.0 - p, 1, 0.0, false}};
  };
  return {2, 1, outcomes_of, {1.0, 0.0}};
}

std::vector<std::uint8_t> all_pairs(const TransitionTable& table) {
  return std::vector<std::uint8_t>(table.pairs(), 1);
}

}  // namespace

TEST_CASE("Q* of a corridor is gamma to the distance") {
  constexpr int kLength = 12;
  constexpr double kGamma = 0.9;
  const TransitionTable table = corridor(kLength);
  CHECK(table.deterministic());
  const OptimalValues values = optimal_values(table, kGamma);
  CHECK(values.residual < 1e-12);
  for (int state = 0; state < kLength; ++state) {
    const double right = std::pow(kGamma, kLength - 1 - state);
    const double left = std::pow(kGamma, kLength - std::max(state - 1, 0));
    CHECK(close(values.q[table.pair(state, 1)], right, 1e-12));
    CHECK(close(values.q[table.pair(state, 0)], left, 1e-12));
  }
}

TEST_CASE("Q* of a chain of two states solves its two equations") {
  constexpr double kP = 0.3;
  constexpr double kGamma = 0.95;
  // V0 = p (1 + g V0) + (1 - p) g V1,  V1 = 2 + g V0.
  const double v0 = (kP + 2.0 * kGamma * (1.0 - kP)) / (1.0 - kGamma * kP - kGamma * kGamma * (1.0 - kP));
  const TransitionTable table = two_states(kP);
  CHECK_FALSE(table.deterministic());
  const OptimalValues values = optimal_values(table, kGamma);
  CHECK(close(values.q[0], v0, 1e-12));
  CHECK(close(values.q[1], 2.0 + kGamma * v0, 1e-12));
  CHECK(values.error_bound == values.residual * kGamma / (1.0 - kGamma));
  CHECK(close(policy_values(table, kGamma, std::vector<double>{1.0, 1.0})[0], v0, 1e-13));
}

TEST_CASE("Q* equals the values of its own greedy policy by linear solve, within the residual's bound") {
  for (const TableInfo& info : tables()) {
    INFO(info.name);
    const TransitionTable table = transition_table(info.name);
    const OptimalValues values = optimal_values(table, 0.95);
    CHECK(values.residual < 1e-12);
    const std::vector<double> solved = policy_values(table, 0.95, epsilon_greedy_policy(table, values.q, 0.0));
    // The linear solve rounds as well: a few units in the last place of values up to 100.
    CHECK(largest_error(values.q, solved, all_pairs(table)) <= values.error_bound + 1e-11);
  }
}

TEST_CASE("a sweep's residual bounds the error also when it is large") {
  const TransitionTable table = transition_table("RandomMdp-S64-A8");
  const OptimalValues exact = optimal_values(table, 0.9);
  for (const double residual : {0.5, 0.1, 1e-3, 1e-6}) {
    const OptimalValues rough = optimal_values(table, 0.9, 1, residual);
    CHECK(rough.residual < residual);
    CHECK(rough.sweeps < exact.sweeps);
    CHECK(largest_error(rough.q, exact.q, all_pairs(table)) <= rough.error_bound + 1e-10);
  }
}

TEST_CASE("subsets of actions solve their own equation, below Q*") {
  const TransitionTable table = transition_table("RandomMdp-S64-A8");
  const OptimalValues optimal = optimal_values(table, 0.9);
  const OptimalValues subsets = optimal_values(table, 0.9, 4);
  double smallest_gap = 1e300;
  for (int state = 0; state < table.states(); ++state) {
    for (int action = 0; action < table.actions(); ++action) {
      const std::size_t pair = table.pair(state, action);
      CHECK(std::abs(bellman_right_side(table, 0.9, 4, subsets.q, state, action) - subsets.q[pair]) < 1e-12);
      smallest_gap = std::min(smallest_gap, optimal.q[pair] - subsets.q[pair]);
    }
  }
  CHECK(smallest_gap > 0.0);
  // One action a subset: nothing is maximised over, the policy that repeats its action for ever is evaluated.
  const OptimalValues single = optimal_values(table, 0.9, 8);
  std::vector<double> always_three(table.pairs(), 0.0);
  for (int state = 0; state < table.states(); ++state) always_three[table.pair(state, 3)] = 1.0;
  const std::vector<double> repeated = policy_values(table, 0.9, always_three);
  for (int state = 0; state < table.states(); ++state) {
    CHECK(close(single.q[table.pair(state, 3)], repeated[table.pair(state, 3)], 1e-11));
  }
}

TEST_CASE("epsilon-greedy policies are distributions and their values an iteration's fixed point") {
  const TransitionTable table = transition_table("FrozenLake-v1");
  const std::vector<double> policy = epsilon_greedy_policy(table, optimal_values(table, 0.9).q, 0.2);
  const std::vector<double> solved = policy_values(table, 0.9, policy);
  std::vector<double> q(table.pairs(), 0.0);
  for (int sweep = 0; sweep < 400; ++sweep) {
    std::vector<double> next(q.size(), 0.0);
    for (std::size_t pair = 0; pair < table.pairs(); ++pair) {
      for (std::size_t i = table.first_outcome(pair); i < table.first_outcome(pair + 1); ++i) {
        const TableOutcome outcome = table.outcome(i);
        double value = 0.0;
        for (int action = 0; action < 4 && !outcome.terminated; ++action) {
          value += policy[table.pair(outcome.next_state, action)] * q[table.pair(outcome.next_state, action)];
        }
        next[pair] += outcome.probability * (outcome.reward + 0.9 * value);
      }
    }
    q = next;
  }
  CHECK(largest_error(q, solved, all_pairs(table)) < 1e-14);
  CHECK(close(std::accumulate(policy.begin(), policy.end(), 0.0), 16.0, 1e-12));
}

TEST_CASE("pairs that no episode meets do not count") {
  const auto count = [](const char* name) {
    const std::vector<std::uint8_t> pairs = reachable_pairs(transition_table(name));
    return std::count(pairs.begin(), pairs.end(), 1);
  };
  CHECK(count("FrozenLake-v1") == 11 * 4);     // 4 holes, 1 goal
  CHECK(count("FrozenLake8x8-v1") == 53 * 4);  // 10 holes, 1 goal
  CHECK(count("CliffWalking-v1") == 37 * 4);   // 10 cells of cliff, 1 goal
  CHECK(count("Taxi-v4") == 400 * 6);          // Gymnasium: 400 states can be reached during an episode
  CHECK(count("RandomMdp-S64-A8") == 64 * 8);
  const std::vector<double> zero(2, 0.0);
  const std::vector<double> one = {0.0, 1.0};
  CHECK(largest_error(zero, one, std::vector<std::uint8_t>{1, 0}) == 0.0);
  CHECK(largest_error(zero, one, std::vector<std::uint8_t>{1, 1}) == 1.0);
  CHECK(std::isnan(largest_error(std::vector<double>{std::nan(""), 0.0}, one, std::vector<std::uint8_t>{1, 1})));
}

TEST_CASE("draws follow the table's probabilities") {
  constexpr int kDraws = 200'000;
  const TransitionTable table = transition_table("RandomMdp-S64-A8");
  const std::size_t pair = table.pair(17, 5);
  std::vector<int> counts(64);
  for (int draw = 0; draw < kDraws; ++draw) {
    Rng rng(3, RandomPurpose::kTransition, 0, static_cast<std::uint64_t>(draw));
    const TabularTransition step = table.draw_step(17, 5, rng);
    REQUIRE((step.state == 17 && step.action == 5 && step.end == 0));
    ++counts[static_cast<std::size_t>(step.next_state)];
  }
  double chi_square = 0.0;
  int seen = 0;
  for (std::size_t i = table.first_outcome(pair); i < table.first_outcome(pair + 1); ++i) {
    const double expected = kDraws * table.outcome(i).probability;
    const int counted = counts[static_cast<std::size_t>(table.outcome(i).next_state)];
    chi_square += (counted - expected) * (counted - expected) / expected;
    seen += counted;
  }
  CHECK(seen == kDraws);
  CHECK(chi_square < 16.3);  // 0.1 % of chi-square with three degrees of freedom

  const TransitionTable taxi = transition_table("Taxi-v4");
  std::vector<int> starts(500);
  for (int draw = 0; draw < 30'000; ++draw) {
    Rng rng(3, RandomPurpose::kReset, 0, static_cast<std::uint64_t>(draw));
    ++starts[static_cast<std::size_t>(taxi.draw_start(rng))];
  }
  for (std::size_t state = 0; state < starts.size(); ++state) {
    const bool possible = taxi.start()[state] > 0.0;
    CHECK((possible ? starts[state] > 50 && starts[state] < 160 : starts[state] == 0));
  }
}

TEST_CASE("outcomes of probability zero are never drawn, wherever they stand") {
  const auto outcomes_of = [](int /*state*/, int /*action*/) -> std::vector<TableOutcome> {
    return {{0.0, 0, 0.0, true}, {0.4, 1, 0.0, false}, {0.0, 0, 0.0, true}, {0.6, 1, 1.0, false}, {0.0, 0, 0.0, true}};
  };
  const TransitionTable table(2, 1, outcomes_of, {0.0, 1.0});
  for (std::uint64_t draw = 0; draw < 1000; ++draw) {
    Rng rng(1, RandomPurpose::kTransition, 0, draw);
    CHECK(table.draw_step(0, 0, rng).next_state == 1);
    CHECK(table.draw_start(rng) == 1);
  }
}

TEST_CASE("random tables are a function of their seed and have Dirichlet probabilities") {
  const RandomMdpSetting setting{.states = 200, .actions = 16, .branching = 4, .seed = 5};
  const TransitionTable table = random_mdp(setting);
  const TransitionTable again = random_mdp(setting);
  const TransitionTable other = random_mdp({.states = 200, .actions = 16, .branching = 4, .seed = 6});
  double squares = 0.0;
  double rewards = 0.0;
  int same_as_other = 0;
  for (std::size_t pair = 0; pair < table.pairs(); ++pair) {
    std::set<int> next_states;
    for (std::size_t i = table.first_outcome(pair); i < table.first_outcome(pair + 1); ++i) {
      const TableOutcome outcome = table.outcome(i);
      next_states.insert(outcome.next_state);
      squares += outcome.probability * outcome.probability;
      rewards += outcome.reward;
      CHECK((again.outcome(i).reward == outcome.reward && again.outcome(i).next_state == outcome.next_state));
      same_as_other += other.outcome(i).reward == outcome.reward ? 1 : 0;
    }
    CHECK(next_states.size() == 4);
  }
  const double outcomes = 4.0 * static_cast<double>(table.pairs());
  CHECK(close(squares / outcomes, 0.1, 0.03));  // E p^2 = 2 / (4 * 5)
  CHECK(close(rewards / outcomes, 0.5, 0.02));
  CHECK(same_as_other == 0);
}

TEST_CASE("tables that cannot be are refused in one line") {
  const auto nothing = [](int, int) { return std::vector<TableOutcome>{}; };
  const auto too_little = [](int, int) -> std::vector<TableOutcome> { return {{0.5, 0, 0.0, false}}; };
  const auto beyond = [](int, int) -> std::vector<TableOutcome> { return {{1.0, 2, 0.0, false}}; };
  const auto stay = [](int state, int) -> std::vector<TableOutcome> { return {{1.0, state, 0.0, false}}; };
  CHECK_THROWS_AS(TransitionTable(2, 1, nothing, {1.0, 0.0}), std::invalid_argument);
  CHECK_THROWS_AS(TransitionTable(2, 1, too_little, {1.0, 0.0}), std::invalid_argument);
  CHECK_THROWS_AS(TransitionTable(2, 1, beyond, {1.0, 0.0}), std::invalid_argument);
  CHECK_THROWS_AS(TransitionTable(2, 1, stay, {1.0}), std::invalid_argument);
  CHECK_THROWS_AS(TransitionTable(2, 1, stay, {2.0, -1.0}), std::invalid_argument);
  const TransitionTable table(2, 1, stay, {1.0, 0.0});
  CHECK_THROWS_AS(optimal_values(table, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(optimal_values(table, 0.9, 2), std::invalid_argument);
  CHECK_THROWS_AS(policy_values(table, 0.9, std::vector<double>{1.0}), std::invalid_argument);
  CHECK_THROWS_AS(policy_values(table, 1.0, std::vector<double>{1.0, 1.0}), std::runtime_error);
  for (const char* name : {"FrozenLake", "RandomMdp-S64", "RandomMdp-S3-A8", "RandomMdp-S64-A8-seed",
                           "RandomMdp-S64-A8x", "RandomMdp-S100000-A100000", "RandomMdp-S64-A0"}) {
    INFO(name);
    CHECK_FALSE(is_table_name(name));
    const std::string message = error_of([&] { transition_table(name); });
    CHECK(contains(message, name));
    CHECK(contains(message, "expected one of FrozenLake-v1"));
  }
  CHECK(is_table_name("RandomMdp-S4-A1-seed18446744073709551615"));
  CHECK(table_time_limit("Taxi-v4") == 200);
}

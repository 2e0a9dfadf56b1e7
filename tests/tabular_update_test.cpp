// Tabular updates by hand and by closed form; step sizes, epsilons, replay and walks.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "algorithms/tabular/tabular_agent.hpp"
#include "envs/tabular/optimal_values.hpp"
#include "envs/tabular/registry.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_expectations.hpp"

using namespace prl;
using namespace prl::test;

namespace {

bool close(double value, double expected, double relative) {
  return std::abs(value - expected) <= relative * std::abs(expected);
}

// One action for ever: every visit to a state is an update with the given outcome's reward.
struct Bandit {
  explicit Bandit(int states) : q(static_cast<std::size_t>(states), 0.0), visits(q.size(), 0) {}

  void update(int state, double reward, std::uint8_t end, double gamma, const StepSize& step_size) {
    const TabularTransition transition{state, 0, state, end, reward};
    const double target = q_learning_target<PlainCells>(q, transition, {1, gamma, 1});
    update_pair<PlainCells>(q, visits, static_cast<std::size_t>(state), target, step_size);
  }

  std::vector<double> q;
  std::vector<std::uint32_t> visits;
};

// Variance of `values` around zero.
double mean_square(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value * value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEMPLATE_TEST_CASE("one update by hand, at all four ends of a step", "", PlainCells, RelaxedCells) {
  // Two states, four actions, two subsets.
  const std::vector<double> before = {1.0, 2.0, 3.0, 4.0, 0.5, 2.5, -1.0, 8.0};
  const BootstrapSetting all{4, 0.5, 1};
  const BootstrapSetting halves{4, 0.5, 2};
  const StepSize step_size = StepSize::constant(0.25);
  struct Case {
    std::uint8_t end;
    double q_learning;
    double own_half;
    double sarsa;  // next action 2
  };
  const std::vector<Case> cases = {{0, 10.0 + 0.5 * 8.0, 10.0 + 0.5 * 2.5, 10.0 - 0.5 * 1.0},
                                   {kTruncated, 10.0 + 0.5 * 8.0, 10.0 + 0.5 * 2.5, 10.0 - 0.5 * 1.0},
                                   {kTerminated, 10.0, 10.0, 10.0},
                                   {kTerminated | kTruncated, 10.0, 10.0, 10.0}};
  for (const Case& expected : cases) {
    INFO(static_cast<int>(expected.end));
    const TabularTransition transition{0, 1, 1, expected.end, 10.0};
    CHECK(q_learning_target<TestType>(before, transition, all) == expected.q_learning);
    CHECK(q_learning_target<TestType>(before, transition, halves) == expected.own_half);
    CHECK(sarsa_target<TestType>(before, transition, 2, all) == expected.sarsa);

    std::vector<double> q = before;
    std::vector<std::uint32_t> visits(8, 0);
    update_pair<TestType>(q, visits, pair_index(4, 0, 1), q_learning_target<TestType>(q, transition, all), step_size);
    CHECK(q[1] == 0.75 * 2.0 + 0.25 * expected.q_learning);
    CHECK(visits[1] == 1);
    q[1] = before[1];
    visits[1] = 0;
    CHECK(q == before);
    CHECK(std::count(visits.begin(), visits.end(), 0U) == 8);
  }
  // An action of the upper half looks at the upper half.
  CHECK(q_learning_target<TestType>(before, {0, 2, 1, 0, 10.0}, halves) == 10.0 + 0.5 * 8.0);
}

TEST_CASE("with step size 1 an update on a deterministic table is the right side of Bellman's equation, to the bit") {
  for (const char* name : {"Taxi-v4", "CliffWalking-v1", "FrozenLake8x8-v1-dry"}) {
    const TransitionTable table = transition_table(name);
    std::vector<double> q(table.pairs());
    std::vector<std::uint32_t> visits(table.pairs(), 0);
    Rng values(1, RandomPurpose::kInitialisation, 0, 0);
    for (double& value : q) value = values.uniform(-20.0, 20.0);
    const BootstrapSetting setting{table.actions(), 0.97, 1};
    int differing = 0;
    for (int state = 0; state < table.states(); ++state) {
      for (int action = 0; action < table.actions(); ++action) {
        const double right_side = bellman_right_side(table, 0.97, 1, q, state, action);
        Rng rng(1, RandomPurpose::kTransition, 0, 0);
        const TabularTransition step = table.draw_step(state, action, rng);
        const std::size_t pair = table.pair(state, action);
        update_pair<PlainCells>(q, visits, pair, q_learning_target<PlainCells>(q, step, setting),
                                StepSize::constant(1.0));
        if (q[pair] != right_side) ++differing;
      }
    }
    INFO(name);
    CHECK(differing == 0);
  }
}

TEST_CASE("a constant step leaves the noise of its closed form, alpha / (2 - alpha) of the variance") {
  constexpr int kStates = 20'000;
  for (const double alpha : {0.4, 0.1, 0.025}) {
    Bandit bandit(kStates);
    const int visits = static_cast<int>(8.0 / alpha);  // what the start leaves is below e^-16 of the variance
    for (int visit = 0; visit < visits; ++visit) {
      for (int state = 0; state < kStates; ++state) {
        Rng rng(7, RandomPurpose::kTransition, static_cast<std::uint32_t>(state), static_cast<std::uint64_t>(visit));
        bandit.update(state, rng.below(2) == 0 ? -1.0 : 1.0, kTerminated, 0.9, StepSize::constant(alpha));
      }
    }
    // The sample variance of 20,000 values has a relative standard error of 1 %.
    CHECK(close(mean_square(bandit.q), alpha / (2.0 - alpha), 0.04));
  }
}

TEST_CASE("the noise of decreasing steps follows var <- (1 - alpha)^2 var + alpha^2") {
  constexpr int kStates = 20'000;
  constexpr int kVisits = 400;
  for (const char* name : {"power:1", "power:0.8", "lingering", "vanishing"}) {
    const StepSize step_size = parse_step_size(name);
    Bandit bandit(kStates);
    double variance = 0.0;
    for (int visit = 0; visit < kVisits; ++visit) {
      const double alpha = step_size(static_cast<std::uint32_t>(visit) + 1);
      variance = (1.0 - alpha) * (1.0 - alpha) * variance + alpha * alpha;
      for (int state = 0; state < kStates; ++state) {
        Rng rng(8, RandomPurpose::kTransition, static_cast<std::uint32_t>(state), static_cast<std::uint64_t>(visit));
        bandit.update(state, rng.below(2) == 0 ? -1.0 : 1.0, kTerminated, 0.9, step_size);
      }
    }
    INFO(name);
    CHECK(close(mean_square(bandit.q), variance, 0.04));
    // 1/n is the sample mean; 1/n^2 stops moving after a few visits and keeps their noise.
    if (name == std::string("power:1")) CHECK(close(variance, 1.0 / kVisits, 1e-9));
    if (name == std::string("vanishing")) CHECK(variance > 0.1);
  }
}

TEST_CASE("without noise the error left is the product of 1 - (1 - gamma) alpha, which a finite sum keeps from zero") {
  constexpr double kGamma = 0.75;
  constexpr int kVisits = 100'000;
  const double start_error = 1.0 / (1.0 - kGamma);
  const auto error_left = [&](const StepSize& step_size) {
    Bandit bandit(1);
    for (int visit = 0; visit < kVisits; ++visit) bandit.update(0, 1.0, 0, kGamma, step_size);
    return start_error - bandit.q[0];
  };
  // Product over n of 1 - x^2 / n^2 = sin(pi x) / (pi x), here with x = 1/2.
  CHECK(close(error_left(parse_step_size("vanishing")), start_error * 2.0 / std::numbers::pi, 1e-4));
  // Product up to N of 1 - (1 - gamma) / n = Gamma(N + gamma) / (Gamma(N + 1) Gamma(gamma)).
  const double left = std::exp(std::lgamma(kVisits + kGamma) - std::lgamma(kVisits + 1.0) - std::lgamma(kGamma));
  CHECK(close(error_left(StepSize::power(1.0)), start_error * left, 1e-9));
  CHECK(error_left(StepSize::power(0.8)) < 1e-4);
}

TEST_CASE("step sizes and epsilons: values, conditions, texts, refusals") {
  const StepSize power = parse_step_size("power:0.8");
  CHECK(power(1) == 1.0);
  for (const std::uint32_t visits : {2U, 4095U, 4096U, 4'000'000'000U}) {
    CHECK(power(visits) == std::pow(static_cast<double>(visits), -0.8));
  }
  CHECK(parse_step_size("constant:0.125")(77) == 0.125);
  CHECK(power.robbins_monro() == RobbinsMonro::kHolds);
  CHECK(parse_step_size("power:1").robbins_monro() == RobbinsMonro::kHolds);
  CHECK(parse_step_size("power:0.5").robbins_monro() == RobbinsMonro::kInfiniteSquares);
  CHECK(parse_step_size("lingering").robbins_monro() == RobbinsMonro::kInfiniteSquares);
  CHECK(parse_step_size("constant:1").robbins_monro() == RobbinsMonro::kInfiniteSquares);
  CHECK(parse_step_size("vanishing").robbins_monro() == RobbinsMonro::kFiniteSum);
  for (const char* text : {"power:0.8", "constant:0.1", "power:2"}) CHECK(parse_step_size(text).text() == text);
  for (const char* text : {"", "0.1", "constant", "constant:0", "constant:1.5", "constant:nan", "power:0", "power:-1",
                           "power:inf", "power:1:2", "power:0.8x", "constant:"}) {
    INFO(text);
    CHECK(contains(error_of([&] { parse_step_size(text); }), "expected constant:A"));
  }

  const EpsilonSchedule falling = parse_epsilon("linear:1:0.2:100");
  CHECK(falling.at(0) == 1.0);
  CHECK(close(falling.at(25), 0.8, 1e-15));
  CHECK(close(falling.at(100), 0.2, 1e-15));
  CHECK(falling.at(1'000'000) == falling.at(100));
  CHECK(parse_epsilon("constant:0").at(5) == 0.0);
  for (const char* text : {"linear:1:0.2:100", "constant:0.1"}) CHECK(to_string(parse_epsilon(text)) == text);
  for (const char* text :
       {"", "0.1", "constant:1.1", "constant:-0.1", "linear:1:0.1", "linear:1:0.1:0", "linear:2:0:5"}) {
    INFO(text);
    CHECK(contains(error_of([&] { parse_epsilon(text); }), "expected constant:E"));
  }
}

TEST_CASE("a ring holds the newest transitions and draws them alike") {
  TransitionRing ring(10);
  for (int i = 0; i < 7; ++i) ring.add({i, 0, 0, 0, 0.0});
  CHECK(ring.size() == 7);
  for (int i = 7; i < 24; ++i) ring.add({i, 0, 0, 0, 0.0});
  CHECK(ring.size() == 10);
  constexpr int kDraws = 100'000;
  std::vector<int> counts(24, 0);
  Rng rng(1, RandomPurpose::kReplay, 0, 0);
  for (int draw = 0; draw < kDraws; ++draw) ++counts[static_cast<std::size_t>(ring.draw(rng).state)];
  double chi_square = 0.0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (i < 14) {
      CHECK(counts[i] == 0);
    } else {
      chi_square += std::pow(counts[i] - kDraws / 10.0, 2) / (kDraws / 10.0);
    }
  }
  CHECK(chi_square < 27.9);  // 0.1 % of chi-square with nine degrees of freedom
  CHECK_THROWS_AS(TransitionRing(0), std::invalid_argument);
}

TEST_CASE("walks end where the table or the limit says and start as they are told") {
  const TransitionTable table = transition_table("FrozenLake-v1-dry");
  TableWalk<TransitionTable> limited(table, {.episode_limit = 3, .exploring_starts = false}, 1, 0);
  constexpr int kLeft = 0;
  for (int step = 1; step <= 9; ++step) {
    CHECK(limited.step(kLeft).end == (step % 3 == 0 ? kTruncated : 0));
  }
  TableWalk<TransitionTable> falling(table, {}, 1, 0);
  CHECK(falling.step(1).end == 0);
  const TabularTransition into_hole = falling.step(2);
  CHECK((into_hole.next_state == 5 && into_hole.end == kTerminated));
  CHECK(falling.state() == 0);
  CHECK(falling.given_action() < 0);

  TableWalk<TransitionTable> exploring(table, {.episode_limit = 1, .exploring_starts = true}, 1, 0);
  std::vector<int> counts(table.pairs(), 0);
  constexpr int kSteps = 64'000;
  for (int step = 0; step < kSteps; ++step) {
    const TabularTransition transition = exploring.step(exploring.given_action());
    ++counts[table.pair(transition.state, transition.action)];
    if ((transition.end & kTruncated) == 0) FAIL("an episode of one step was not truncated");
  }
  double chi_square = 0.0;
  for (const int count : counts) chi_square += std::pow(count - 1000.0, 2) / 1000.0;
  CHECK(chi_square < 104.0);  // 0.1 % of chi-square with 63 degrees of freedom
}

TEST_CASE("greedy actions are the largest ones, each tie as likely") {
  const std::vector<double> q = {0.0, 1.0, 5.0, 2.0, 5.0, 5.0};
  std::vector<int> counts(5, 0);
  for (std::uint64_t draw = 0; draw < 30'000; ++draw) {
    Rng rng(1, RandomPurpose::kAction, 0, draw);
    ++counts[static_cast<std::size_t>(greedy_action<PlainCells>(q, 1, 5, rng))];
  }
  CHECK((counts[0] == 0 && counts[2] == 0));
  for (const std::size_t best : {1U, 3U, 4U}) CHECK(std::abs(counts[best] - 10'000) < 300);
}

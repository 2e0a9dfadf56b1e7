// Tabular rules arrive where theory says: at Q*, at the values of the policy followed, or at a floor.
#include <cmath>
#include <string>
#include <vector>

#include "algorithms/tabular/tabular_agent.hpp"
#include "envs/tabular/optimal_values.hpp"
#include "envs/tabular/registry.hpp"
#include "envs/tabular/table_policy_values.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_expectations.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr double kGamma = 0.8;

// Independent draws from uniformly drawn pairs.
TabularAgentSetting from_model() {
  TabularAgentSetting setting;
  setting.gamma = kGamma;
  setting.walk = {.episode_limit = 1, .exploring_starts = true};
  return setting;
}

struct Learned {
  std::vector<double> q;
  std::vector<std::uint32_t> visits;
};

template <typename Cells = PlainCells>
Learned learn(const TransitionTable& table, const TabularAgentSetting& setting, int steps) {
  Learned learned{std::vector<double>(table.pairs(), 0.0), std::vector<std::uint32_t>(table.pairs(), 0)};
  TabularAgent<TransitionTable, Cells> agent(table, setting, learned.q, learned.visits, 0);
  for (int step = 0; step < steps; ++step) agent.step();
  return learned;
}

double error_to_optimum(const TransitionTable& table, const std::vector<double>& q) {
  return largest_error(q, optimal_values(table, kGamma).q, reachable_pairs(table));
}

}  // namespace

TEST_CASE("Q-learning with decreasing steps and exploring starts arrives at Q*") {
  struct Case {
    const char* name;
    int steps;
    double bound;  // values of FrozenLake are up to 0.54, of the random tables 4, of the cliff -38
  };
  const std::vector<Case> cases = {{"FrozenLake-v1", 1'000'000, 0.02},
                                   {"CliffWalkingSlippery-v1", 4'000'000, 2.0},
                                   {"RandomMdp-S64-A8", 4'000'000, 0.04},
                                   {"RandomMdp-S64-A16", 8'000'000, 0.04}};
  for (const Case& known : cases) {
    const TransitionTable table = transition_table(known.name);
    const double error = error_to_optimum(table, learn(table, from_model(), known.steps).q);
    INFO(known.name << ": " << error << ", largest value "
                    << error_to_optimum(table, std::vector<double>(table.pairs(), 0.0)));
    CHECK(error < known.bound);
    CHECK(error > 0.0);
  }
}

TEST_CASE("more steps bring it closer, at the rate of the noise") {
  const TransitionTable table = transition_table("RandomMdp-S64-A8");
  const double error_early = error_to_optimum(table, learn(table, from_model(), 500'000).q);
  const double error_late = error_to_optimum(table, learn(table, from_model(), 8'000'000).q);
  // 16 times the visits: noise falls by the root of 16^0.8, that is 3.
  CHECK(error_late < error_early / 2.0);
}

TEST_CASE("step size 1 on a deterministic table reaches Q* to rounding") {
  for (const char* name : {"Taxi-v4", "CliffWalking-v1", "FrozenLake8x8-v1-dry"}) {
    TabularAgentSetting setting = from_model();
    setting.step_size = StepSize::constant(1.0);
    const TransitionTable table = transition_table(name);
    const double error = error_to_optimum(table, learn(table, setting, 3'000'000).q);
    INFO(name << ": " << error);
    CHECK(error < 1e-12);
  }
}

TEST_CASE("step size 1 on a slippery table never settles") {
  TabularAgentSetting setting = from_model();
  setting.step_size = StepSize::constant(1.0);
  const TransitionTable table = transition_table("FrozenLake-v1");
  CHECK(error_to_optimum(table, learn(table, setting, 1'000'000).q) > 0.1);
}

TEST_CASE("a constant step leaves a floor that shrinks with it") {
  const TransitionTable table = transition_table("RandomMdp-S64-A8");
  const std::vector<double> optimum = optimal_values(table, kGamma).q;
  std::vector<double> floors;
  for (const double step : {0.2, 0.05, 0.0125}) {
    TabularAgentSetting setting = from_model();
    setting.step_size = StepSize::constant(step);
    const Learned learned = learn(table, setting, static_cast<int>(512 * 40 / step));
    double squares = 0.0;
    for (std::size_t pair = 0; pair < optimum.size(); ++pair) squares += std::pow(learned.q[pair] - optimum[pair], 2);
    floors.push_back(std::sqrt(squares / static_cast<double>(optimum.size())));
  }
  INFO(floors[0] << ' ' << floors[1] << ' ' << floors[2]);
  // A quarter of the step, half of the noise; the maximum over noisy values adds a bias that falls faster.
  CHECK((floors[0] > 1.6 * floors[1] && floors[0] < 5.0 * floors[1]));
  CHECK((floors[1] > 1.6 * floors[2] && floors[1] < 5.0 * floors[2]));
}

TEST_CASE("steps that break the conditions stay away: vanishing ones short of Q*, lingering ones in their noise") {
  const TransitionTable table = transition_table("RandomMdp-S64-A8");
  const auto error_with = [&](const char* step_size) {
    TabularAgentSetting setting = from_model();
    setting.step_size = parse_step_size(step_size);
    return error_to_optimum(table, learn(table, setting, 4'000'000).q);
  };
  const double proper = error_with("power:0.8");
  CHECK(error_with("vanishing") > 0.5);
  CHECK(error_with("lingering") > 3.0 * proper);
}

TEST_CASE("SARSA under a fixed policy arrives at that policy's values, Q-learning beside it at Q*") {
  const TransitionTable table = transition_table("FrozenLake-v1");
  const std::vector<double> uniform(table.pairs(), 0.25);
  const std::vector<double> policy = policy_values(table, kGamma, uniform);
  const std::vector<std::uint8_t> reachable = reachable_pairs(table);
  TabularAgentSetting setting = from_model();
  setting.epsilon = parse_epsilon("constant:1");
  for (const int limit : {1, 5, 100}) {
    INFO("episodes of " << limit);
    setting.walk.episode_limit = limit;
    setting.rule = TabularRule::kSarsa;
    const Learned sarsa = learn(table, setting, 2'000'000);
    CHECK(largest_error(sarsa.q, policy, reachable) < 0.015);
    setting.rule = TabularRule::kQLearning;
    const Learned q_learning = learn(table, setting, 2'000'000);
    CHECK(error_to_optimum(table, q_learning.q) < 0.02);
    CHECK(largest_error(q_learning.q, policy, reachable) > 0.1);
  }
}

TEST_CASE("SARSA with actions drawn from any fixed policy solves that policy's equations") {
  const TransitionTable table = transition_table("RandomMdp-S64-A8");
  const std::vector<double> greedy = epsilon_greedy_policy(table, optimal_values(table, kGamma).q, 0.3);
  const std::vector<double> expected = policy_values(table, kGamma, greedy);
  std::vector<double> q(table.pairs(), 0.0);
  std::vector<std::uint32_t> visits(table.pairs(), 0);
  const StepSize step_size = StepSize::power(0.8);
  for (std::uint64_t update = 0; update < 4'000'000; ++update) {
    Rng rng(1, RandomPurpose::kTransition, 0, update);
    const int state = static_cast<int>(rng.below(64));
    const int action = static_cast<int>(rng.below(8));
    const TabularTransition step = table.draw_step(state, action, rng);
    int next_action = 0;
    for (double u = rng.uniform<double>(); next_action < 7; ++next_action) {
      u -= greedy[table.pair(step.next_state, next_action)];
      if (u < 0.0) break;
    }
    const double target = sarsa_target<PlainCells>(q, step, next_action, {8, kGamma, 1});
    update_pair<PlainCells>(q, visits, table.pair(state, action), target, step_size);
  }
  CHECK(largest_error(q, expected, std::vector<std::uint8_t>(q.size(), 1)) < 0.04);
}

TEST_CASE("subsets arrive at their own equation's solution, not at Q*") {
  const TransitionTable table = transition_table("RandomMdp-S64-A8");
  TabularAgentSetting setting = from_model();
  setting.subsets = 4;
  const std::vector<double> q = learn(table, setting, 4'000'000).q;
  const std::vector<double> own = optimal_values(table, kGamma, 4).q;
  CHECK(largest_error(q, own, std::vector<std::uint8_t>(q.size(), 1)) < 0.05);
  CHECK(error_to_optimum(table, q) > 0.3);
}

TEST_CASE("epsilon-greedy exploration from the start state finds Q* of the pairs that it meets") {
  TabularAgentSetting setting;
  setting.gamma = kGamma;
  setting.walk.episode_limit = 100;
  setting.epsilon = parse_epsilon("constant:0.5");
  const TransitionTable table = transition_table("FrozenLake-v1");
  const Learned learned = learn(table, setting, 4'000'000);
  CHECK(error_to_optimum(table, learned.q) < 0.03);
}

TEST_CASE("replay learns from what it holds, waits for a first batch, and is refused where it cannot be") {
  const TransitionTable table = transition_table("FrozenLake-v1");
  TabularAgentSetting setting = from_model();
  setting.replay_capacity = 50'000;
  setting.replay_batch = 8;
  Learned learned{std::vector<double>(table.pairs(), 0.0), std::vector<std::uint32_t>(table.pairs(), 0)};
  TabularAgent<TransitionTable, PlainCells> agent(table, setting, learned.q, learned.visits, 0);
  for (int step = 0; step < 7; ++step) agent.step();
  CHECK(agent.updates() == 0);
  agent.step();
  CHECK(agent.updates() == 8);
  for (int step = 0; step < 400'000; ++step) agent.step();
  CHECK(error_to_optimum(table, learned.q) < 0.02);

  setting.replay_batch = 50'001;
  CHECK(contains(error_of([&] { learn(table, setting, 1); }), "give a batch that fits"));
  setting.replay_batch = 8;
  setting.rule = TabularRule::kSarsa;
  CHECK(contains(error_of([&] { learn(table, setting, 1); }), "SARSA with a replay"));
}

TEST_CASE("alone, a worker on shared cells has the bits of one on plain cells") {
  const TransitionTable table = transition_table("RandomMdp-S64-A8");
  TabularAgentSetting setting;
  const Learned plain = learn<PlainCells>(table, setting, 200'000);
  const Learned relaxed = learn<RelaxedCells>(table, setting, 200'000);
  CHECK(plain.q == relaxed.q);
  CHECK(plain.visits == relaxed.visits);
}

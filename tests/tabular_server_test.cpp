// Parameter servers of tables: averages and merges by hand, one worker has the serial code's bits, a stale whole table
// undoes other workers' cells.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "algorithms/tabular/server_learners.hpp"
#include "algorithms/tabular/table_learners.hpp"
#include "algorithms/tabular/transition_source.hpp"
#include "envs/tabular/optimal_values.hpp"
#include "envs/tabular/registry.hpp"
#include "parallel/agree/merging_server.hpp"
#include "parallel/agree/shared_average.hpp"
#include "parallel/tabular/experience_rounds.hpp"
#include "parallel/tabular/free_updates.hpp"
#include "parallel/tabular/merge_lags.hpp"
#include "parallel/tabular/server_rounds.hpp"
#include "tests/catch2.hpp"

using namespace prl;

namespace {

using Values = std::vector<double>;
using Model = ModelSource<TransitionTable>;

constexpr std::uint64_t kSeed = 5;
const std::atomic<bool> kGoOn{false};
const BootstrapSetting kTwoActions{2, 0.5, 1};

struct Team {
  TeamPlace place;
  int workers;
};
const std::vector<Team> kTeams = {{TeamPlace::kThreads, 1},   {TeamPlace::kThreads, 2},   {TeamPlace::kThreads, 3},
                                  {TeamPlace::kProcesses, 1}, {TeamPlace::kProcesses, 2}, {TeamPlace::kProcesses, 3}};

std::string name_of(const Team& team) {
  return std::string(prl::name_of(team.place)) + " " + std::to_string(team.workers);
}

struct OwnTables {
  explicit OwnTables(std::size_t pairs) : own(pairs, 0.0), theta(pairs, 0.0), visits(pairs, 0) {}
  Values own;
  Values theta;
  std::vector<std::uint32_t> visits;
};

struct Averaged {
  Values q;
  std::uint64_t bytes = 0;  // of all members
};

template <typename Source>
Averaged averaged(std::size_t pairs, const BootstrapSetting& bootstrap, const StepSize& step_size, const Source& source,
                  const Team& team, const ServerPlan& plan) {
  SharedRegion region("test", AverageBoard<double>::bytes(team.workers, pairs));
  AverageBoard<double> board(region, team.workers, pairs);
  Averaged result;
  run_team(team.place, team.workers, kGoOn, [&](TeamMember& member) {
    OwnTables tables(pairs);
    SharedAverage<double> agreement(board, member.worker(), member.waiter());
    const LocalLearner<Source> learner(source, bootstrap, step_size, tables.theta, tables.own, tables.visits);
    run_server_rounds(member, plan, agreement, learner, tables.own, tables.theta, [](std::uint64_t) { return false; });
    if (member.worker() == 0) result.q = tables.theta;
  });
  for (int member = 0; member < team.workers; ++member) {
    result.bytes += board.ledger(member).of(Purpose::kWeights).bytes;
  }
  return result;
}

// The same rounds by one thread, as the document has them.
template <typename Source>
Values plain_rounds(std::size_t pairs, const BootstrapSetting& bootstrap, const StepSize& step_size,
                    const Source& source, int workers, const ServerPlan& plan) {
  Values theta(pairs, 0.0);
  std::vector<OwnTables> tables(static_cast<std::size_t>(workers), OwnTables(pairs));
  std::uint64_t index = 0;
  for (std::uint64_t round = 0; round < plan.rounds; ++round) {
    for (OwnTables& worker : tables) {
      worker.own = theta;
      for (std::uint64_t i = 0; i < plan.local_updates; ++i) {
        const TabularTransition step = source(index++);
        const std::size_t pair = pair_index(bootstrap.actions, step.state, step.action);
        const double target = q_learning_target<PlainCells>(theta, step, bootstrap);
        const double alpha = step_size(++worker.visits[pair]);
        worker.own[pair] = (1.0 - alpha) * worker.own[pair] + alpha * target;
      }
    }
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      double sum = 0.0;
      for (const OwnTables& worker : tables) sum += worker.own[pair] - theta[pair];
      theta[pair] = workers == 1 ? tables[0].own[pair] : theta[pair] + 1.0 / workers * sum;
    }
  }
  return theta;
}

template <typename Source>
Values serial(const TransitionTable& table, double gamma, const StepSize& step_size, const Source& source,
              std::uint64_t steps) {
  Values q(table.pairs(), 0.0);
  std::vector<std::uint32_t> visits(table.pairs(), 0);
  const SingleLearner<Source> learner(source, {table.actions(), gamma, 1}, step_size, q, visits);
  for (std::uint64_t i = 0; i < steps; ++i) learner(i);
  return q;
}

struct Merged {
  Values q;
  MergeLags lags;
};

// Workers that merge their tables after every `local_updates` updates.
Merged merged(const TransitionTable& table, double gamma, const StepSize& step_size, const Team& team,
              MergeSetting setting, std::uint64_t steps, int local_updates) {
  const auto workers = static_cast<std::size_t>(team.workers);
  SharedRegion region("test", ServedParameters<double>::bytes(table.pairs(), 1) +
                                  SharedRegion::bytes_for<StepCount>(workers) +
                                  SharedRegion::bytes_for<MergeLags>(workers));
  ServedParameters<double> server(region, table.pairs(), 1);
  const std::span<StepCount> counts = region.carve<StepCount>(workers);
  const std::span<MergeLags> lags = region.carve<MergeLags>(workers);
  run_team(team.place, team.workers, kGoOn, [&](TeamMember& member) {
    OwnTables tables(table.pairs());
    MergingMember<double> agreement(server, setting, member.waiter());
    const LocalLearner<Model> learner(Model(table, kSeed), {table.actions(), gamma, 1}, step_size, tables.theta,
                                      tables.own, tables.visits);
    int unmerged = 0;
    const auto step = [&](std::uint64_t index) {
      learner(index);
      if (++unmerged < local_updates) return;
      lags[static_cast<std::size_t>(member.worker())].add(agreement.meet(tables.own).lag);
      const std::span<const double> theta =
          setting.refresh ? std::span<const double>(tables.own) : agreement.received();
      std::copy(theta.begin(), theta.end(), tables.theta.begin());
      unmerged = 0;
    };
    run_free_updates(member, {.steps = steps, .look_every = 1'000'000}, counts, step, [] { return false; });
  });
  Merged result{Values(table.pairs()), {}};
  server.load(result.q, waiter_for(1));
  for (const MergeLags& own : lags) result.lags.add(own);
  return result;
}

}  // namespace

TEST_CASE("synchronous server by hand: theta in the target, theta_i elsewhere, then the mean of the differences") {
  // State, action, next state, end, reward; rounds of two workers with two updates each; gamma and alpha are 1/2.
  const std::vector<TabularTransition> steps = {
      {0, 0, 1, 0, 4.0},            // worker 0: target 4, own 0 -> 2
      {0, 0, 1, 0, 4.0},            //           target 4, own 2 -> 3
      {1, 0, 0, 0, 8.0},            // worker 1: target 8, own 0 -> 4
      {0, 0, 1, 0, 2.0},            //           target 2 (theta(1, .) is still 0, own 4), own 0 -> 1
                                    // theta(0, 0) = (3 + 1) / 2 = 2, theta(1, 0) = (0 + 4) / 2 = 2
      {0, 0, 1, 0, 3.0},            // worker 0: target 3 + 2/2, own 2 -> 3
      {1, 1, 0, 0, 0.0},            //           target 0 + 2/2 (own 3), own 0 -> 1/2
      {1, 0, 0, kTerminated, 6.0},  // worker 1: target 6, own 2 -> 4
      {0, 1, 1, 0, 1.0},            //           target 1 + 2/2 (own 4), own 0 -> 1
  };
  const auto source = [&](std::uint64_t index) { return steps[index]; };
  for (const TeamPlace place : {TeamPlace::kThreads, TeamPlace::kProcesses}) {
    const ServerPlan plan{.rounds = 2, .local_updates = 2, .rounds_between_looks = 1};
    const Averaged result = averaged(4, kTwoActions, StepSize::constant(0.5), source, {place, 2}, plan);
    CHECK(result.q == Values{2.0 + (1.0 + 0.0) / 2.0, (0.0 + 1.0) / 2.0, 2.0 + (0.0 + 2.0) / 2.0, (0.5 + 0.0) / 2.0});
    CHECK(result.bytes == 2 * 2 * 4 * sizeof(double));  // 2 S (P - 1) a meeting
  }
}

TEST_CASE(
    "a synchronous server has the document's bits in threads and processes, and moves 2 S (P - 1) bytes a meeting") {
  const TransitionTable table = transition_table("RandomMdp-S16-A4");
  const BootstrapSetting bootstrap{table.actions(), 0.9, 1};
  const StepSize step_size = StepSize::power(0.7);
  const Model source(table, kSeed);
  for (const Team& team : kTeams) {
    INFO(name_of(team));
    for (const std::uint64_t local_updates : {1, 7}) {
      const ServerPlan plan{.rounds = 300, .local_updates = local_updates, .rounds_between_looks = 10};
      const Averaged result = averaged(table.pairs(), bootstrap, step_size, source, team, plan);
      CHECK(result.q == plain_rounds(table.pairs(), bootstrap, step_size, source, team.workers, plan));
      CHECK(result.bytes ==
            2 * table.pairs() * sizeof(double) * static_cast<std::uint64_t>(team.workers - 1) * plan.rounds);
    }
  }
}

TEST_CASE("one worker of a server has the bits of serial Q-learning, and experience sent has them for any workers") {
  constexpr std::uint64_t kSteps = 20'000;
  const StepSize step_size = StepSize::power(0.8);
  for (const char* name : {"RandomMdp-S16-A4", "FrozenLake-v1", "Taxi-v4"}) {
    INFO(name);
    const TransitionTable table = transition_table(name);
    const Model source(table, kSeed);
    const BootstrapSetting bootstrap{table.actions(), 0.9, 1};
    const Values expected = serial(table, 0.9, step_size, source, kSteps);
    for (const TeamPlace place : {TeamPlace::kThreads, TeamPlace::kProcesses}) {
      const ServerPlan plan{.rounds = kSteps, .local_updates = 1, .rounds_between_looks = 1000};
      CHECK(averaged(table.pairs(), bootstrap, step_size, source, {place, 1}, plan).q == expected);
      const Merged alone = merged(table, 0.9, step_size, {place, 1}, {1.0, true}, kSteps, 1);
      CHECK(alone.q == expected);
      CHECK(alone.lags.merges[0] == kSteps);
    }
    for (const Team& team : kTeams) {
      INFO(name_of(team));
      constexpr int kBatch = 250;
      SharedRegion region("test", SweepBins::bytes(team.workers, kBatch));
      SweepBins bins(region, team.workers, kBatch);
      Values q(table.pairs(), 0.0);
      std::vector<std::uint32_t> visits(table.pairs(), 0);
      const SingleLearner<Model> learner(source, bootstrap, step_size, q, visits);
      ExperienceCount count;
      run_team(team.place, team.workers, kGoOn, [&](TeamMember& member) {
        run_experience_rounds(
            member, {kBatch, kSteps / kBatch}, bins, [&](std::uint64_t index) { return learner.draw(index); },
            [&](const TabularTransition& transition) { learner.update(transition); }, count,
            [](std::uint64_t) { return false; });
      });
      CHECK(q == expected);
      CHECK(count.updates == kSteps);
      const int own_share = kBatch / team.workers;  // of worker 0, rounded down
      CHECK(count.received == kSteps / kBatch * static_cast<std::uint64_t>(kBatch - own_share));
    }
  }
}

TEMPLATE_TEST_CASE("asynchronous merges by hand: rate, refresh, lag; a stale table undoes others' cells", "", float,
                   double) {
  const Waiter waiter = waiter_for(1);
  const auto vector = [](double first, double second) {
    return std::vector<TestType>{static_cast<TestType>(first), static_cast<TestType>(second)};
  };
  const auto run = [&](MergeSetting setting, int shards, auto check) {
    SharedRegion region("test", ServedParameters<TestType>::bytes(2, shards));
    ServedParameters<TestType> server(region, 2, shards);
    server.store(vector(4.0, 0.0), waiter);
    MergingMember<TestType> a(server, setting, waiter);
    MergingMember<TestType> b(server, setting, waiter);
    check(a, b);
  };
  using Member = MergingMember<TestType>;
  for (const int shards : {1, 2}) {
    run({0.5, true}, shards, [&](Member& a, Member& b) {
      auto own_a = vector(8.0, 0.0);
      CHECK(a.meet(own_a).lag == 0);
      CHECK(own_a == vector(6.0, 0.0));
      own_a = vector(10.0, 0.0);
      CHECK(a.meet(own_a).lag == 0);
      CHECK(own_a == vector(8.0, 0.0));
      auto own_b = vector(4.0, 2.0);
      CHECK(b.meet(own_b).lag == 2);  // a merged twice since b received (4, 0)
      CHECK(own_b == vector(6.0, 1.0));
      CHECK(a.meet(own_a).lag == 1);
      CHECK(own_a == vector(7.0, 0.5));
      CHECK(a.ledger().of(Purpose::kWeights).bytes == 3 * 2 * 2 * sizeof(TestType));
    });
    run({0.5, false}, shards, [&](Member& a, Member& b) {
      auto own = vector(8.0, 0.0);
      a.meet(own);
      CHECK(own == vector(8.0, 0.0));  // kept, while theta is received beside it
      CHECK(std::vector<TestType>(a.received().begin(), a.received().end()) == vector(6.0, 0.0));
      CHECK(b.meet(own).lag == 1);
    });
    run({1.0, true}, shards, [&](Member& a, Member& b) {
      auto own_a = vector(8.0, 0.0);
      a.meet(own_a);
      auto own_b = vector(4.0, 3.0);  // b has learned the second cell only, from (4, 0)
      b.meet(own_b);
      CHECK(own_b == vector(4.0, 3.0));  // the first is what it was before a's update
    });
  }
}

TEST_CASE("gradients sent without a barrier are all added, and one worker's are serial Q-learning") {
  const TransitionTable table = transition_table("RandomMdp-S16-A4");
  const StepSize step_size = StepSize::power(0.7);
  constexpr std::uint64_t kSteps = 1'000'000;
  const Model source(table, kSeed);
  const Values optimum = optimal_values(table, 0.8).q;
  const std::vector<std::uint8_t> all(table.pairs(), 1);
  for (const Team& team : kTeams) {
    INFO(name_of(team));
    const auto workers = static_cast<std::size_t>(team.workers);
    SharedRegion region("test", SharedRegion::bytes_for<double>(table.pairs()) +
                                    SharedRegion::bytes_for<std::uint32_t>(table.pairs()) +
                                    SharedRegion::bytes_for<StepCount>(workers));
    const std::span<double> q = region.carve<double>(table.pairs());
    const std::span<std::uint32_t> visits = region.carve<std::uint32_t>(table.pairs());
    const std::span<StepCount> counts = region.carve<StepCount>(workers);
    run_team(team.place, team.workers, kGoOn, [&](TeamMember& member) {
      Values own(table.pairs(), 0.0);
      const GradientSender<Model> sender(source, {table.actions(), 0.8, 1}, step_size, q, visits, own);
      run_free_updates(
          member, {.steps = kSteps, .look_every = 1'000'000}, counts,
          [&](std::uint64_t index) {
            sender(index);
            sender.receive();
          },
          [] { return false; });
    });
    CHECK(std::accumulate(visits.begin(), visits.end(), std::uint64_t{0}) == kSteps);
    if (team.workers == 1) {
      CHECK(largest_error(q, serial(table, 0.8, step_size, source, kSteps), all) < 1e-12);
    }
    CHECK(largest_error(q, optimum, all) < 0.03);
  }
}

TEST_CASE("servers' tables arrive at Q* where the step sizes allow it") {
  const TransitionTable table = transition_table("RandomMdp-S16-A4");
  const BootstrapSetting bootstrap{table.actions(), 0.8, 1};
  const Values optimum = optimal_values(table, 0.8).q;
  const std::vector<std::uint8_t> all(table.pairs(), 1);
  const Model source(table, kSeed);
  const StepSize holds = StepSize::power(0.7);
  const StepSize vanishing = parse_step_size("vanishing");
  constexpr std::uint64_t kSteps = 1'000'000;
  const double start = largest_error(Values(table.pairs(), 0.0), optimum, all);
  for (const Team& team : {Team{TeamPlace::kThreads, 2}, Team{TeamPlace::kProcesses, 4}}) {
    INFO(name_of(team));
    const auto round = static_cast<std::uint64_t>(team.workers) * 25;
    const ServerPlan plan{.rounds = kSteps / round, .local_updates = 25, .rounds_between_looks = 100};
    CHECK(largest_error(averaged(table.pairs(), bootstrap, holds, source, team, plan).q, optimum, all) < 0.05);
    CHECK(largest_error(averaged(table.pairs(), bootstrap, vanishing, source, team, plan).q, optimum, all) >
          0.3 * start);
    for (const double rate : {1.0 / team.workers, 1.0}) {
      for (const bool refresh : {true, false}) {
        INFO("rate " << rate << ", refresh " << refresh);
        const Merged result = merged(table, 0.8, holds, team, {rate, refresh}, kSteps, 25);
        // Where workers run one after another, each brings the noise of its own first visits: wide, and far from
        // vanishing.
        CHECK(largest_error(result.q, optimum, all) < 0.1 * start);
        CHECK(result.lags.count == kSteps / 25);
      }
    }
  }
}

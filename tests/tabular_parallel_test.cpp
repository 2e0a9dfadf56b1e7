// Parallel forms of Q-learning: the partition has the serial sweep's bits, subsets of actions have the bias that their own
// equation says, and what shares a table without agreement still arrives.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <deque>
#include <numeric>
#include <string>
#include <vector>

#include "algorithms/tabular/table_learners.hpp"
#include "algorithms/tabular/tabular_agent.hpp"
#include "algorithms/tabular/transition_source.hpp"
#include "core/step_cost.hpp"
#include "envs/tabular/optimal_values.hpp"
#include "envs/tabular/registry.hpp"
#include "parallel/tabular/free_updates.hpp"
#include "parallel/tabular/partitioned_sweeps.hpp"
#include "parallel/transport/worker_died.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_expectations.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr double kGamma = 0.8;
constexpr std::uint64_t kSeed = 3;
const std::atomic<bool> kGoOn{false};

struct Team {
  TeamPlace place;
  int workers;
};
const std::vector<Team> kTeams = {{TeamPlace::kSerial, 1},    {TeamPlace::kThreads, 1},   {TeamPlace::kThreads, 2},
                                  {TeamPlace::kThreads, 3},   {TeamPlace::kThreads, 5},   {TeamPlace::kProcesses, 1},
                                  {TeamPlace::kProcesses, 2}, {TeamPlace::kProcesses, 3}, {TeamPlace::kProcesses, 5}};

std::string name_of(const Team& team) {
  return std::string(prl::name_of(team.place)) + " " + std::to_string(team.workers);
}

// Values and visits of a table in memory that a team shares.
struct SharedTable {
  explicit SharedTable(const TransitionTable& table, std::size_t more_bytes = 0)
      : region("tables", 2 * SharedRegion::bytes_for<double>(table.pairs()) +
                             SharedRegion::bytes_for<std::uint32_t>(table.pairs()) + more_bytes),
        q(region.carve<double>(table.pairs())),
        other(region.carve<double>(table.pairs())),
        visits(region.carve<std::uint32_t>(table.pairs())) {}

  SharedRegion region;
  std::span<double> q;
  std::span<double> other;
  std::span<std::uint32_t> visits;
};

struct SweepResult {
  std::vector<double> q;
  std::vector<std::uint32_t> visits;
  std::vector<SweepCount> counts;
};

template <typename Source>
SweepResult partitioned(const TransitionTable& table, const Team& team, const Source& source, SweepPlan plan,
                        std::uint64_t stop_after = ~0ULL) {
  plan.states = table.states();
  plan.workers = team.workers;
  SharedTable shared(table, SweepBins::bytes(team.workers, plan.batch) +
                                SharedRegion::bytes_for<SweepCount>(static_cast<std::size_t>(team.workers)));
  SweepBins bins(shared.region, team.workers, plan.batch);
  const std::span<SweepCount> counts = shared.region.carve<SweepCount>(static_cast<std::size_t>(team.workers));
  SweepLearner<Source> rule(source, {table.actions(), kGamma, 1}, StepSize::power(0.8), shared.q, shared.other,
                            shared.visits);
  run_team(team.place, team.workers, kGoOn, [&](TeamMember& member) {
    run_partitioned_sweeps(member, plan, bins, rule, counts[static_cast<std::size_t>(member.worker())],
                           [stop_after](std::uint64_t sweeps) { return sweeps >= stop_after; });
  });
  return {
      {shared.q.begin(), shared.q.end()}, {shared.visits.begin(), shared.visits.end()}, {counts.begin(), counts.end()}};
}

// The same sweeps written down as they are defined, without a partition.
template <typename Source>
SweepResult plain_sweeps(const TransitionTable& table, const Source& source, int batch, int sweeps) {
  SweepResult result{std::vector<double>(table.pairs(), 0.0), std::vector<std::uint32_t>(table.pairs(), 0), {}};
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    const std::vector<double> before = result.q;
    for (int i = 0; i < batch; ++i) {
      const TabularTransition step = source(static_cast<std::uint64_t>(sweep * batch + i));
      const std::size_t pair = table.pair(step.state, step.action);
      double target = step.reward;
      if ((step.end & kTerminated) == 0) {
        const auto row = before.begin() + static_cast<std::ptrdiff_t>(table.pair(step.next_state, 0));
        target += kGamma * *std::max_element(row, row + table.actions());
      }
      const double alpha = std::pow(static_cast<double>(++result.visits[pair]), -0.8);
      result.q[pair] = (1.0 - alpha) * result.q[pair] + alpha * target;
    }
  }
  return result;
}

std::vector<std::uint8_t> all_pairs(const TransitionTable& table) {
  return std::vector<std::uint8_t>(table.pairs(), 1);
}

// Unsynchronised updates of one table, maximising over the action's subset.
std::vector<double> unsynchronised(const TransitionTable& table, const Team& team, int subsets, std::uint64_t steps) {
  SharedTable shared(table, SharedRegion::bytes_for<StepCount>(static_cast<std::size_t>(team.workers)));
  const std::span<StepCount> counts = shared.region.carve<StepCount>(static_cast<std::size_t>(team.workers));
  const SharedLearner<ModelSource<TransitionTable>> learner(
      ModelSource(table, kSeed), {table.actions(), kGamma, subsets}, StepSize::power(0.8), shared.q, shared.visits);
  run_team(team.place, team.workers, kGoOn, [&](TeamMember& member) {
    run_free_updates(member, {.steps = steps, .look_every = 1'000'000}, counts, learner, [] { return false; });
  });
  CHECK(total_steps(counts) == steps);
  return {shared.q.begin(), shared.q.end()};
}

}  // namespace

TEST_CASE("every state has one owner and owners differ by one state at most") {
  for (int states = 1; states <= 40; ++states) {
    for (int workers = 1; workers <= 12; ++workers) {
      const StatePartition partition(states, workers);
      std::vector<int> owned(static_cast<std::size_t>(workers), 0);
      for (int state = 0; state < states; ++state) {
        const int owner = partition.owner_of(state);
        REQUIRE((partition.first_state(owner) <= state && state < partition.first_state(owner + 1)));
        ++owned[static_cast<std::size_t>(owner)];
      }
      const auto [fewest, most] = std::minmax_element(owned.begin(), owned.end());
      REQUIRE(*most - *fewest <= 1);
    }
  }
  CHECK(StatePartition(1'000'000'000, 64).owner_of(999'999'999) == 63);
}

TEST_CASE("partitioned sweeps have the bits of the plain sweep, in threads and processes, for any number of workers") {
  constexpr int kBatch = 701;  // no number of workers divides it
  constexpr int kSweeps = 60;
  for (const char* name : {"RandomMdp-S64-A8", "FrozenLake-v1", "Taxi-v4"}) {
    const TransitionTable table = transition_table(name);
    const ModelSource<TransitionTable> model(table, kSeed);
    std::vector<TabularTransition> pool;
    for (std::uint64_t i = 0; i < 5000; ++i) pool.push_back(model(i));
    const PoolSource replay(pool, kSeed);
    const SweepResult from_model = plain_sweeps(table, model, kBatch, kSweeps);
    const SweepResult from_pool = plain_sweeps(table, replay, kBatch, kSweeps);
    CHECK(from_model.q != from_pool.q);
    for (const Team& team : kTeams) {
      INFO(name << ", " << name_of(team));
      const SweepPlan plan{.batch = kBatch, .sweeps = kSweeps};
      const SweepResult result = partitioned(table, team, model, plan);
      CHECK(result.q == from_model.q);
      CHECK(result.visits == from_model.visits);
      CHECK(partitioned(table, team, replay, plan).q == from_pool.q);
      // Every update is somebody's, and of what W workers draw alike 1 / W stays with its drawer.
      std::uint64_t updates = 0;
      std::uint64_t received = 0;
      for (const SweepCount& count : result.counts) {
        CHECK(count.sweeps == kSweeps);
        updates += count.updates;
        received += count.received;
      }
      CHECK(updates == kBatch * kSweeps);
      const double share = 1.0 - 1.0 / team.workers;
      CHECK(std::abs(static_cast<double>(received) / static_cast<double>(updates) - share) < 0.01);
    }
  }
}

TEST_CASE("partitioned sweeps arrive at Q*, and stop together at the sweep that was enough") {
  const TransitionTable table = transition_table("RandomMdp-S64-A8");
  const ModelSource<TransitionTable> model(table, kSeed);
  const Team team{TeamPlace::kThreads, 2};
  const SweepResult result = partitioned(table, team, model, {.batch = 512, .sweeps = 8000});
  CHECK(largest_error(result.q, optimal_values(table, kGamma).q, all_pairs(table)) < 0.05);
  for (const Team& stopped : kTeams) {
    INFO(name_of(stopped));
    const SweepResult early = partitioned(table, stopped, model, {.batch = 100, .sweeps = 50}, 7);
    for (const SweepCount& count : early.counts) CHECK(count.sweeps == 7);
    CHECK(early.q == plain_sweeps(table, model, 100, 7).q);
  }
}

TEST_CASE("four subsets along the action axis are off by what their own equation says; all actions are not") {
  for (const char* name : {"RandomMdp-S64-A8", "RandomMdp-S64-A16"}) {
    const TransitionTable table = transition_table(name);
    const std::vector<double> optimum = optimal_values(table, kGamma).q;
    const std::vector<double> own = optimal_values(table, kGamma, 4).q;
    const double bias = largest_error(own, optimum, all_pairs(table));
    for (const Team& team : {Team{TeamPlace::kSerial, 1}, {TeamPlace::kThreads, 4}, {TeamPlace::kProcesses, 4}}) {
      const std::uint64_t steps = 8192 * table.pairs();
      const std::vector<double> printed = unsynchronised(table, team, 4, steps);
      const std::vector<double> corrected = unsynchronised(table, team, 1, steps);
      const double measured_bias = largest_error(printed, optimum, all_pairs(table));
      INFO(name << ", " << name_of(team) << ": bias " << measured_bias << ", predicted " << bias << ", off its own "
                << largest_error(printed, own, all_pairs(table)) << ", corrected "
                << largest_error(corrected, optimum, all_pairs(table)));
      CHECK(bias > 0.5);
      CHECK(largest_error(printed, own, all_pairs(table)) < 0.06);
      CHECK(std::abs(measured_bias - bias) < 0.06);
      CHECK(largest_error(corrected, optimum, all_pairs(table)) < 0.06);
    }
  }
}

TEST_CASE("free workers do every step once, and stop when worker 0 has seen enough or the caller asks") {
  for (const Team& team : kTeams) {
    INFO(name_of(team));
    constexpr std::size_t kSteps = 10'007;
    SharedRegion region("steps", SharedRegion::bytes_for<std::uint32_t>(kSteps) +
                                     SharedRegion::bytes_for<StepCount>(static_cast<std::size_t>(team.workers)));
    const std::span<std::uint32_t> done = region.carve<std::uint32_t>(kSteps);
    const std::span<StepCount> counts = region.carve<StepCount>(static_cast<std::size_t>(team.workers));
    const auto step = [&](std::uint64_t index) { ++done[index]; };
    run_team(team.place, team.workers, kGoOn, [&](TeamMember& member) {
      run_free_updates(member, {.steps = kSteps, .look_every = 10}, counts, step, [] { return false; });
    });
    CHECK(std::count(done.begin(), done.end(), 1U) == kSteps);
    CHECK(total_steps(counts) == kSteps);

    const FreeRunPlan endless{.steps = ~0ULL, .look_every = 10};
    int looks = 0;
    run_team(team.place, team.workers, kGoOn, [&](TeamMember& member) {
      run_free_updates(
          member, endless, counts, [](std::uint64_t) {}, [&] { return ++looks == 5; });
    });
    CHECK(counts[0].steps == 50);
    const std::atomic<bool> stop{true};
    run_team(team.place, team.workers, stop, [&](TeamMember& member) {
      run_free_updates(
          member, endless, counts, [](std::uint64_t) {}, [] { return false; });
    });
  }
}

TEST_CASE("agents that share a table learn it from the steps of all of them") {
  const TransitionTable table = transition_table("FrozenLake-v1");
  const std::vector<double> optimum = optimal_values(table, kGamma).q;
  const std::vector<std::uint8_t> reachable = reachable_pairs(table);
  TabularAgentSetting setting;
  setting.gamma = kGamma;
  setting.walk.episode_limit = 100;
  setting.epsilon = parse_epsilon("constant:0.5");
  using Agent = TabularAgent<TransitionTable, RelaxedCells>;

  const auto run = [&](const Team& team, std::uint64_t agents) {
    SharedTable shared(table, SharedRegion::bytes_for<StepCount>(static_cast<std::size_t>(team.workers)));
    const std::span<StepCount> counts = shared.region.carve<StepCount>(static_cast<std::size_t>(team.workers));
    std::deque<Agent> own;
    for (std::uint32_t agent = 0; agent < agents; ++agent)
      own.emplace_back(table, setting, shared.q, shared.visits, agent);
    run_team(team.place, team.workers, kGoOn, [&](TeamMember& member) {
      run_free_updates(
          member, {.steps = 2'000'000, .look_every = 1'000'000}, counts,
          [&](std::uint64_t index) { own[index % agents].step(); }, [] { return false; });
    });
    const std::uint64_t visits = std::accumulate(shared.visits.begin(), shared.visits.end(), std::uint64_t{0});
    CHECK(visits <= 2'000'000);
    if (team.workers == 1) CHECK(visits == 2'000'000);
    return std::vector<double>(shared.q.begin(), shared.q.end());
  };
  for (const Team& team : {Team{TeamPlace::kSerial, 1},
                           {TeamPlace::kThreads, 2},
                           {TeamPlace::kThreads, 4},
                           {TeamPlace::kProcesses, 2},
                           {TeamPlace::kProcesses, 4}}) {
    INFO(name_of(team));
    CHECK(largest_error(run(team, 4), optimum, reachable) < 0.03);
  }
  CHECK(run({TeamPlace::kSerial, 1}, 4) == run({TeamPlace::kSerial, 1}, 4));
  // Agents have streams of their own: four of them are not one agent four times.
  CHECK(run({TeamPlace::kSerial, 1}, 4) != run({TeamPlace::kSerial, 1}, 1));
}

TEST_CASE("a team that cannot be is refused, and a process that dies is named") {
  const auto nothing = [](TeamMember&) {};
  CHECK_THROWS_AS(run_team(TeamPlace::kThreads, 0, kGoOn, nothing), std::invalid_argument);
  CHECK_THROWS_AS(run_team(TeamPlace::kSerial, 2, kGoOn, nothing), std::invalid_argument);
  CHECK(run_team(TeamPlace::kProcesses, 3, kGoOn, nothing) >= 0.0);
  const auto die = [](TeamMember& member) {
    if (member.worker() == 2) std::raise(SIGKILL);
    member.meet();
  };
  CHECK_THROWS_AS(run_team(TeamPlace::kProcesses, 3, kGoOn, die), WorkerDied);
}

// Tabular Q-learning: updates of cells, and its parallel forms.
//
//   tabular/update/CELLS/states:N              one update of one cell, 4 actions, constant step size; CELLS: plain, or
//                                              relaxed atomics
//   tabular/serial/model|pool                  the serial code: a transition drawn, then the update, plain cells
//   tabular/partition/PLACE/workers:W          sweeps of 4,096 transitions drawn from the model, divided by owner of the
//                                              state, in lock-step
//   tabular/replay/PLACE/workers:W             sweeps of 4,096 transitions drawn from a pool of 100,000, likewise
//   tabular/unsynchronised/PLACE/workers:W     transitions drawn from the model, one table written by all
//   tabular/pool/PLACE/workers:W               transitions drawn from the pool, one table written by all
//   tabular/agents/PLACE/workers:W             W epsilon-greedy agents of 100-step episodes that share one table
//
// PLACE: serial, threads, processes. The parallel forms run on a random table of 1,024 states and 8 actions. The clock
// is the team's own, from when all workers have started to when all have finished. Transitions of tabular/update are
// drawn beforehand, its cells are hit at random. Speedups count against tabular/serial, not against one worker of a form.
#include <deque>
#include <string>
#include <vector>

#include "algorithms/tabular/table_learners.hpp"
#include "algorithms/tabular/tabular_agent.hpp"
#include "algorithms/tabular/transition_source.hpp"
#include "benchmarks/harness.hpp"
#include "envs/tabular/random_mdp.hpp"
#include "parallel/tabular/free_updates.hpp"
#include "parallel/tabular/partitioned_sweeps.hpp"

namespace prl {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr double kGamma = 0.95;
constexpr int kBatch = 4096;
constexpr std::uint64_t kSweeps = 64;
constexpr std::uint64_t kSteps = kSweeps * kBatch;  // of a team's run

using Source = ModelSource<TransitionTable>;
using Agent = TabularAgent<TransitionTable, RelaxedCells>;

template <typename Cells>
void update_cells(benchmark::State& state, int states) {
  constexpr int kActions = 4;
  constexpr std::size_t kTransitions = 1 << 16;
  const std::size_t pairs = static_cast<std::size_t>(states) * kActions;
  std::vector<double> q(pairs, 0.0);
  std::vector<std::uint32_t> visits(pairs, 0);
  std::vector<TabularTransition> transitions(kTransitions);
  Rng rng(kSeed, RandomPurpose::kTransition, 0, 0);
  for (TabularTransition& transition : transitions) {
    const auto count = static_cast<std::uint32_t>(states);
    transition = {static_cast<int>(rng.below(count)), static_cast<int>(rng.below(kActions)),
                  static_cast<int>(rng.below(count)), 0, rng.uniform<double>()};
  }
  const BootstrapSetting bootstrap{kActions, kGamma, 1};
  const StepSize step_size = StepSize::constant(0.1);
  std::size_t next = 0;
  for (auto _ : state) {
    const TabularTransition& transition = transitions[next];
    update_pair<Cells>(q, visits, pair_index(kActions, transition.state, transition.action),
                       q_learning_target<Cells>(q, transition, bootstrap), step_size);
    next = (next + 1) % kTransitions;
  }
  benchmark::DoNotOptimize(q.data());
  set_rate(state, "updates/s", static_cast<double>(state.iterations()));
}

const TransitionTable& table() {
  static const TransitionTable made = random_mdp({.states = 1024, .actions = 8, .branching = 4, .seed = kSeed});
  return made;
}

const std::vector<TabularTransition>& pool() {
  static const std::vector<TabularTransition> gathered = [] {
    std::vector<TabularTransition> transitions;
    const Source source(table(), kSeed);
    for (std::uint64_t i = 0; i < 100'000; ++i) transitions.push_back(source(i));
    return transitions;
  }();
  return gathered;
}

template <typename TransitionSource>
void learn_serially(benchmark::State& state, const TransitionSource& source) {
  std::vector<double> q(table().pairs(), 0.0);
  std::vector<std::uint32_t> visits(table().pairs(), 0);
  const SingleLearner<TransitionSource> learner(source, {table().actions(), kGamma, 1}, StepSize::power(0.8), q,
                                                visits);
  std::uint64_t index = 0;
  for (auto _ : state) learner(index++ % kSteps);
  benchmark::DoNotOptimize(q.data());
  set_rate(state, "updates/s", static_cast<double>(state.iterations()));
}

struct Team {
  TeamPlace place;
  int workers;

  double run(const TeamWork& work) const {
    const std::atomic<bool> stop{false};
    return run_team(place, workers, stop, work);
  }
  std::size_t members() const { return static_cast<std::size_t>(workers); }
};

// What every form keeps in the memory that a team shares; `other` is for sweeps.
struct Storage {
  explicit Storage(const Team& team)
      : region("tables", 2 * SharedRegion::bytes_for<double>(table().pairs()) +
                             SharedRegion::bytes_for<std::uint32_t>(table().pairs()) +
                             SharedRegion::bytes_for<StepCount>(team.members()) +
                             SharedRegion::bytes_for<SweepCount>(team.members()) +
                             SweepBins::bytes(team.workers, kBatch)),
        q(region.carve<double>(table().pairs())),
        other(region.carve<double>(table().pairs())),
        visits(region.carve<std::uint32_t>(table().pairs())),
        step_counts(region.carve<StepCount>(team.members())),
        sweep_counts(region.carve<SweepCount>(team.members())),
        bins(region, team.workers, kBatch) {}

  SharedRegion region;
  std::span<double> q;
  std::span<double> other;
  std::span<std::uint32_t> visits;
  std::span<StepCount> step_counts;
  std::span<SweepCount> sweep_counts;
  SweepBins bins;
};

void finish(benchmark::State& state, const Team& team) {
  set_rate(state, "updates/s", static_cast<double>(state.iterations() * kSteps));
  label_oversubscribed(state, team.workers);
}

template <typename TransitionSource>
void sweep(benchmark::State& state, const Team& team, const TransitionSource& source) {
  Storage storage(team);
  SweepLearner<TransitionSource> rule(source, {table().actions(), kGamma, 1}, StepSize::power(0.8), storage.q,
                                      storage.other, storage.visits);
  const SweepPlan plan{table().states(), team.workers, kBatch, kSweeps};
  for (auto _ : state) {
    state.SetIterationTime(team.run([&](TeamMember& member) {
      SweepCount& count = storage.sweep_counts[static_cast<std::size_t>(member.worker())];
      run_partitioned_sweeps(member, plan, storage.bins, rule, count, [](std::uint64_t) { return false; });
    }));
  }
  finish(state, team);
}

void run_free(benchmark::State& state, const Team& team, Storage& storage, const auto& step) {
  const FreeRunPlan plan{.steps = kSteps, .look_every = kSteps};
  for (auto _ : state) {
    state.SetIterationTime(team.run(
        [&](TeamMember& member) { run_free_updates(member, plan, storage.step_counts, step, [] { return false; }); }));
  }
  finish(state, team);
}

template <typename TransitionSource>
void share(benchmark::State& state, const Team& team, const TransitionSource& source) {
  Storage storage(team);
  const SharedLearner<TransitionSource> learner(source, {table().actions(), kGamma, 1}, StepSize::power(0.8), storage.q,
                                                storage.visits);
  run_free(state, team, storage, learner);
}

void explore(benchmark::State& state, const Team& team) {
  Storage storage(team);
  TabularAgentSetting setting;
  setting.gamma = kGamma;
  setting.walk.episode_limit = 100;
  std::deque<Agent> agents;
  for (std::uint32_t agent = 0; agent < team.members(); ++agent) {
    agents.emplace_back(table(), setting, storage.q, storage.visits, agent);
  }
  run_free(state, team, storage, [&](std::uint64_t index) { agents[index % team.members()].step(); });
}

using Form = void (*)(benchmark::State& state, const Team& team);

void register_form(const std::string& name, Form form) {
  const auto add = [&](const Team& team) {
    const std::string full = name + "/" + std::string(name_of(team.place)) + "/workers:" + std::to_string(team.workers);
    benchmark::RegisterBenchmark(full.c_str(), form, team)->UseManualTime()->Unit(benchmark::kMillisecond);
  };
  add({TeamPlace::kSerial, 1});
  for (const TeamPlace place : {TeamPlace::kThreads, TeamPlace::kProcesses}) {
    for (const int workers : {1, 2, 4}) add({place, workers});
  }
}

template <typename Cells>
void register_updates(const std::string& cells) {
  for (const int states : {16, 256, 4096, 65'536, 1'000'000}) {
    const std::string name = "tabular/update/" + cells + "/states:" + std::to_string(states);
    benchmark::RegisterBenchmark(name.c_str(), update_cells<Cells>, states);
  }
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  using namespace prl;
  register_updates<PlainCells>("plain");
  register_updates<RelaxedCells>("relaxed");
  benchmark::RegisterBenchmark("tabular/serial/model",
                               [](benchmark::State& state) { learn_serially(state, Source(table(), kSeed)); });
  benchmark::RegisterBenchmark("tabular/serial/pool",
                               [](benchmark::State& state) { learn_serially(state, PoolSource(pool(), kSeed)); });
  register_form("tabular/partition",
                [](benchmark::State& state, const Team& team) { sweep(state, team, Source(table(), kSeed)); });
  register_form("tabular/replay",
                [](benchmark::State& state, const Team& team) { sweep(state, team, PoolSource(pool(), kSeed)); });
  register_form("tabular/unsynchronised",
                [](benchmark::State& state, const Team& team) { share(state, team, Source(table(), kSeed)); });
  register_form("tabular/pool",
                [](benchmark::State& state, const Team& team) { share(state, team, PoolSource(pool(), kSeed)); });
  register_form("tabular/agents", [](benchmark::State& state, const Team& team) { explore(state, team); });
  return run_benchmarks(argc, argv);
}

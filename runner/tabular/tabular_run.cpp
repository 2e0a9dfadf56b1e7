#include "runner/tabular/tabular_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>

#include "algorithms/tabular/table_learners.hpp"
#include "algorithms/tabular/transition_source.hpp"
#include "envs/tabular/registry.hpp"
#include "parallel/tabular/free_updates.hpp"
#include "parallel/tabular/partitioned_sweeps.hpp"
#include "runner/tabular/tabular_parts.hpp"
#include "runner/tabular/tabular_servers.hpp"

namespace prl {
namespace {

TabularGoal goal_of(const TabularConfiguration& c, const TransitionTable& table) {
  TabularGoal goal;
  goal.optimum = optimal_values(table, c.setting.gamma);
  goal.own = c.setting.subsets == 1 ? goal.optimum : optimal_values(table, c.setting.gamma, c.setting.subsets);
  const bool from_start = c.experience == Experience::kAgents && !c.setting.walk.exploring_starts;
  goal.pairs = from_start ? reachable_pairs(table) : std::vector<std::uint8_t>(table.pairs(), 1);
  goal.pair_count = static_cast<std::uint64_t>(std::count(goal.pairs.begin(), goal.pairs.end(), 1));
  goal.largest_value = largest_error(goal.optimum.q, std::vector<double>(table.pairs(), 0.0), goal.pairs);
  goal.own_bias = largest_error(goal.own.q, goal.optimum.q, goal.pairs);
  return goal;
}

// 64 bits, FNV-1a, of the values' bytes.
std::string digest_of(std::span<const double> values) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const double value : values) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    for (int byte = 0; byte < 8; ++byte) {
      hash ^= (bits >> (8 * byte)) & 0xffU;
      hash *= 0x100000001b3ULL;
    }
  }
  return fmt::format("{:016x}", hash);
}

template <typename Source>
void run_sweeps(const TabularParts& parts, const Source& source) {
  const TabularConfiguration& c = parts.configuration;
  const auto batch = static_cast<std::uint64_t>(c.batch);
  const std::uint64_t sweeps_between_looks = std::max<std::uint64_t>(1, c.look_every / batch);
  const SweepPlan plan{parts.table.states(), c.workers, c.batch, c.steps / batch};
  SweepLearner<Source> rule(source, parts.bootstrap(), c.setting.step_size, parts.storage.q, parts.storage.after_sweep,
                            parts.storage.visits);
  parts.result.seconds = run_team(place_of(c.collect), c.workers, parts.stop, [&](TeamMember& member) {
    SweepCount& count = parts.storage.counts[static_cast<std::size_t>(member.worker())];
    run_partitioned_sweeps(member, plan, parts.storage.bins, rule, count, [&](std::uint64_t sweeps) {
      return sweeps % sweeps_between_looks == 0 && parts.looker.look(sweeps * batch, member.elapsed_seconds());
    });
  });
  for (const SweepCount& count : parts.storage.counts) {
    parts.result.updates += count.updates;
    parts.result.received += count.received;
  }
  parts.result.steps = parts.result.updates;
}

// The serial code: nothing is shared, nobody is met.
template <typename Step>
void run_alone(const TabularParts& parts, const Step& step) {
  const TabularConfiguration& c = parts.configuration;
  const double start_seconds = monotonic_seconds();
  std::uint64_t done = 0;
  for (bool enough = false; done < c.steps && !enough && !parts.stop.load();) {
    const std::uint64_t last = std::min(c.steps, done + c.look_every);
    // Ctrl-C is looked at in between: waiting steps make a block long.
    for (; done < last && !(done % 1024 == 0 && parts.stop.load(std::memory_order_relaxed)); ++done) step(done);
    enough = parts.looker.look(done, monotonic_seconds() - start_seconds);
  }
  parts.result.seconds = monotonic_seconds() - start_seconds;
  parts.result.steps = done;
}

template <typename Step>
void run_shared(const TabularParts& parts, const Step& step) {
  const TabularConfiguration& c = parts.configuration;
  const auto workers = static_cast<std::uint64_t>(c.workers);
  const FreeRunPlan plan{c.steps, std::max<std::uint64_t>(1, c.look_every / workers)};
  parts.result.seconds = run_team(place_of(c.collect), c.workers, parts.stop, [&](TeamMember& member) {
    run_free_updates(member, plan, parts.storage.steps, step,
                     [&] { return parts.looker.look(total_steps(parts.storage.steps), member.elapsed_seconds()); });
  });
  parts.result.steps = total_steps(parts.storage.steps);
}

template <typename Source>
void run_draws(const TabularParts& parts, const Source& source) {
  const TabularConfiguration& c = parts.configuration;
  if (c.agreement == TableAgreement::kPartition) {
    run_sweeps(parts, source);
    return;
  }
  if (c.has_server()) {
    run_with_server(parts, source);
    return;
  }
  if (c.agreement == TableAgreement::kNone) {
    run_alone(parts, SingleLearner<Source>(source, parts.bootstrap(), c.setting.step_size, parts.storage.q,
                                           parts.storage.visits));
  } else {
    run_shared(parts, SharedLearner<Source>(source, parts.bootstrap(), c.setting.step_size, parts.storage.q,
                                            parts.storage.visits));
  }
  parts.result.updates = parts.result.steps;
}

template <typename Cells>
void run_agents(const TabularParts& parts) {
  const TabularConfiguration& c = parts.configuration;
  const auto count = static_cast<std::uint64_t>(c.agents);
  std::deque<TabularAgent<TransitionTable, Cells>> agents;
  for (std::uint32_t agent = 0; agent < count; ++agent) {
    agents.emplace_back(parts.table, c.setting, parts.storage.q, parts.storage.visits, agent);
  }
  // Agents of worker w of W are those whose number is w modulo W: theirs are the steps that a worker does.
  const auto workers = static_cast<std::uint64_t>(c.workers);
  const auto step = [&](std::uint64_t index) {
    pay_step_cost(c.step_cost, 1, parts.stop);
    auto& agent = agents[index % count];
    const std::uint64_t before = agent.updates();
    agent.step();
    parts.storage.counts[index % workers].updates += agent.updates() - before;
  };
  if (c.agreement == TableAgreement::kNone) {
    run_alone(parts, step);
  } else {
    run_shared(parts, step);
  }
  for (const SweepCount& own : parts.storage.counts) parts.result.updates += own.updates;
}

void run_experience(const TabularParts& parts) {
  const TabularConfiguration& c = parts.configuration;
  if (c.experience == Experience::kModel) {
    run_draws(parts, ModelSource<TransitionTable>(parts.table, c.setting.seed));
  } else if (c.experience == Experience::kPool) {
    run_draws(parts, PoolSource(parts.pool, c.setting.seed));
  } else if (c.agreement == TableAgreement::kNone) {
    run_agents<PlainCells>(parts);
  } else {
    run_agents<RelaxedCells>(parts);
  }
}

// Gathered from the model, with a seed of its own: its transitions are not the run's draws.
std::vector<TabularTransition> gather_pool(const TabularConfiguration& c, const TransitionTable& table) {
  std::vector<TabularTransition> pool;
  if (c.experience != Experience::kPool) return pool;
  const ModelSource model(table, ~c.setting.seed);
  for (int i = 0; i < c.pool; ++i) pool.push_back(model(static_cast<std::uint64_t>(i)));
  return pool;
}

}  // namespace

TabularResult run_tabular(const TabularConfiguration& c, const std::atomic<bool>& stop, const LookListener& listener) {
  const double begin = monotonic_seconds();
  TabularResult result;
  const TransitionTable table = transition_table(c.environment);
  result.goal = goal_of(c, table);
  const std::vector<TabularTransition> pool = gather_pool(c, table);
  TableStorage storage(table, c.workers, c.in_batches() ? c.batch : 1);
  TableLooker looker(c, listener, storage.q, result);
  result.start_up_seconds = monotonic_seconds() - begin;
  run_experience({c, table, pool, stop, storage, looker, result});
  result.error = largest_error(storage.q, result.goal.optimum.q, result.goal.pairs);
  result.own_error = largest_error(storage.q, result.goal.own.q, result.goal.pairs);
  result.values_digest = digest_of(storage.q);
  result.interrupted = stop.load();
  result.total_seconds = monotonic_seconds() - begin;
  return result;
}

}  // namespace prl

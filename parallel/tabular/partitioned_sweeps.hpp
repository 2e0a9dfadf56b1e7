// A table's updates divided by owner of the state, in lock-step. A sweep has three phases, a meeting after each:
//
//   draw      every worker draws its share of the sweep's batch and leaves each transition with the owner of its state
//   update    every owner goes through its transitions in the batch's order; it reads values from before the sweep,
//             its own as well as others', and writes its own rows only
//   publish   every owner makes its new values the ones that the next sweep reads
//
// Nobody writes another's row, so combining is nothing but publishing. What a sweep computes is a function of the batch
// and of the values before it: the same bits for any number of workers, in threads or processes.
//
// What crosses, counted by the receiver: the transitions that another worker drew. Values are read where they lie.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "parallel/tabular/state_partition.hpp"
#include "parallel/tabular/sweep_bins.hpp"
#include "parallel/tabular/worker_team.hpp"

namespace prl {

struct SweepPlan {
  int states = 1;
  int workers = 1;
  int batch = 1;  // transitions a sweep
  std::uint64_t sweeps = 1;
};

// One worker's counts, on cache lines of its own.
struct alignas(kCacheLineBytes) SweepCount {
  std::uint64_t sweeps = 0;
  std::uint64_t updates = 0;
  std::uint64_t received = 0;  // transitions that others had drawn
};

// Rule: draw(index) gives the transition of that index, counted on from sweep to sweep; update(transition) and
// publish(transition) as above. `look(sweeps)` runs on worker 0 after every sweep, while nobody writes values, and returns
// whether it has seen enough.
template <typename Rule, typename Look>
void run_partitioned_sweeps(TeamMember& member, const SweepPlan& plan, SweepBins& bins, Rule& rule, SweepCount& count,
                            const Look& look) {
  const StatePartition partition(plan.states, plan.workers);
  const int own = member.worker();
  const auto look_now = [&] {
    if (own == 0 && count.sweeps > 0 && look(count.sweeps)) member.request_stop();
  };
  for (std::uint64_t sweep = 0; sweep < plan.sweeps; ++sweep) {
    look_now();
    const std::uint64_t first = sweep * static_cast<std::uint64_t>(plan.batch);
    bins.clear(own);
    for (int i = bins.first_index(own); i < bins.first_index(own + 1); ++i) {
      const TabularTransition transition = rule.draw(first + static_cast<std::uint64_t>(i));
      bins.put(own, partition.owner_of(transition.state), transition);
    }
    if (!member.meet_and_go_on()) return;
    for (int from = 0; from < plan.workers; ++from) {
      const std::span<const TabularTransition> transitions = bins.get(from, own);
      for (const TabularTransition& transition : transitions) rule.update(transition);
      count.updates += transitions.size();
      if (from != own) count.received += transitions.size();
    }
    member.meet();
    for (int from = 0; from < plan.workers; ++from) {
      for (const TabularTransition& transition : bins.get(from, own)) rule.publish(transition);
    }
    ++count.sweeps;
    member.meet();
  }
  look_now();
}

}  // namespace prl

// Workers that send what they experience to a server, which alone updates, in lock-step. A batch has two phases, a
// meeting after each:
//
//   draw     every worker draws its share of the batch and leaves it with the server, worker 0
//   update   the server goes through the batch in its order, each update from the values that the one before has left
//
// Source: document D2, section 3.1. The bits of the serial code, for any number of workers, in threads or processes.
#pragma once

#include <cstdint>

#include "parallel/tabular/sweep_bins.hpp"
#include "parallel/tabular/worker_team.hpp"

namespace prl {

struct ExperiencePlan {
  int batch = 1;  // transitions
  std::uint64_t batches = 1;
};

struct ExperienceCount {
  std::uint64_t updates = 0;
  std::uint64_t received = 0;  // transitions that others had drawn
};

// `draw(index)` gives the transition of that index; `update(transition)` and `look(batches)` run on worker 0, which
// keeps `count`; look says whether it has seen enough.
template <typename Draw, typename Update, typename Look>
void run_experience_rounds(TeamMember& member, const ExperiencePlan& plan, SweepBins& bins, const Draw& draw,
                           const Update& update, ExperienceCount& count, const Look& look) {
  const int own = member.worker();
  for (std::uint64_t batch = 0; batch < plan.batches; ++batch) {
    const std::uint64_t first = batch * static_cast<std::uint64_t>(plan.batch);
    bins.clear(own);
    for (int i = bins.first_index(own); i < bins.first_index(own + 1); ++i) {
      bins.put(own, 0, draw(first + static_cast<std::uint64_t>(i)));
    }
    if (!member.meet_and_go_on()) return;
    if (own == 0) {
      for (int from = 0; from < member.workers(); ++from) {
        const auto transitions = bins.get(from, 0);
        for (const TabularTransition& transition : transitions) update(transition);
        count.updates += transitions.size();
        if (from != 0) count.received += transitions.size();
      }
      if (look(batch + 1)) member.request_stop();
    }
    member.meet();
  }
}

}  // namespace prl

// Workers of a table that learn on their own and meet in lock-step:
//
//   each round: worker w of W does the updates (k W + w) L, .. (k W + w) L + L - 1 of round k on its own table, then
//   all agree on one table (parallel/agree/parameter_agreement.hpp), from which the next round begins
//
// The same bits again for the same number of workers, in threads and processes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "parallel/agree/parameter_agreement.hpp"
#include "parallel/tabular/worker_team.hpp"

namespace prl {

struct ServerPlan {
  std::uint64_t rounds = 1;
  std::uint64_t local_updates = 1;  // L
  std::uint64_t rounds_between_looks = 1;
};

// `update(index)` changes `own` by the transition of that index; it reads `theta`, the table of the last meeting,
// which this function sets. `look(rounds)` runs on worker 0 and returns whether it has seen enough. Returns the
// rounds done, the same on every worker.
template <typename Update, typename Look>
std::uint64_t run_server_rounds(TeamMember& member, const ServerPlan& plan, ParameterAgreement<double>& agreement,
                                const Update& update, std::span<double> own, std::span<double> theta,
                                const Look& look) {
  const auto workers = static_cast<std::uint64_t>(member.workers());
  const auto worker = static_cast<std::uint64_t>(member.worker());
  for (std::uint64_t round = 0; round < plan.rounds; ++round) {
    const std::uint64_t first = (round * workers + worker) * plan.local_updates;
    for (std::uint64_t i = 0; i < plan.local_updates; ++i) update(first + i);
    agreement.meet(own);
    std::copy(own.begin(), own.end(), theta.begin());
    const std::uint64_t done = round + 1;
    if (done % plan.rounds_between_looks != 0) continue;
    if (member.worker() == 0 && look(done)) member.request_stop();
    if (!member.meet_and_go_on()) return done;
  }
  return plan.rounds;
}

}  // namespace prl

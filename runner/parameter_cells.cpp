#include "runner/parameter_cells.hpp"

#include <utility>

#include "algorithms/autograd_network.hpp"
#include "core/step_cost.hpp"
#include "parallel/schedule/companions.hpp"
#include "parallel/transport/core_share.hpp"
#include "parallel/transport/shared_memory_transport.hpp"
#include "runner/joined_rounds.hpp"
#include "runner/parameter_rounds.hpp"

namespace prl {

void meet_beside_companions(const RunConfiguration& c, const NetworkLayout& layout, const ActorFactory& actors,
                            const LearnerMain& learner_main) {
  SharedMailboxes mailboxes(c.workers);
  SharedRegion region("the words that end a run", SharedRegion::bytes_for<EndWords>(1));
  EndWords& end = region.make<EndWords>();
  const auto work = [&](int worker, std::function<void()> watch) {
    request_precise_sleep();
    slow_down_this_thread(worker == c.slow_worker ? c.slow_factor : 1.0);
    const CoreShare share(worker, c.workers);
    const EnvironmentRange own = environments_of(worker, c.workers, c.environments);
    SharedMemoryTransport transport(mailboxes, worker, std::move(watch));
    meet_as_member(c, layout, transport, actors(own.first, own.count), end.stop, learner_main);
  };
  const auto serve = [&](int worker) {
    try {
      work(worker, [&end] {
        if (end.given_up.load()) throw RunGivenUp{};
      });
    } catch (const RunGivenUp&) {
      // Worker 0 says why.
    }
  };
  Companions others(c.collect == CollectMode::kThreads ? CompanionPlace::kThreads : CompanionPlace::kProcesses,
                    c.workers, serve, [&end] {
                      end.given_up.store(true);
                      end.stop.store(true);
                    });
  work(0, [&others] { others.check(); });
}

void meet_as_member(const RunConfiguration& c, const NetworkLayout& layout, Transport& transport,
                    std::unique_ptr<Actor> actor, std::atomic<bool>& shared_stop, const LearnerMain& learner_main) {
  use_one_torch_thread();
  ParameterRounds rounds(c, layout, transport, std::move(actor), shared_stop);
  if (transport.rank() == 0) {
    learner_main(rounds);
  } else {
    serve_rounds(c, rounds, shared_stop);
  }
}

}  // namespace prl

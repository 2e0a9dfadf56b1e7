#include "runner/cell_assembly.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "algorithms/autograd_network.hpp"
#include "parallel/collect/mpi_collector.hpp"
#include "parallel/collect/mpi_step_link.hpp"
#include "parallel/collect/process_collector.hpp"
#include "parallel/collect/process_step_link.hpp"
#include "parallel/collect/remote_collector.hpp"
#include "parallel/collect/serial_collector.hpp"
#include "parallel/collect/thread_collector.hpp"
#include "parallel/collect/threaded_actor.hpp"
#include "parallel/schedule/collecting_ahead.hpp"
#include "parallel/schedule/companions.hpp"
#include "parallel/schedule/free_actors.hpp"
#include "parallel/schedule/mpi_actors.hpp"
#include "parallel/transport/core_share.hpp"
#include "parallel/transport/mpi_session.hpp"
#include "parallel/transport/mpi_transport.hpp"
#include "runner/cell_parts.hpp"
#include "runner/central_rounds.hpp"
#include "runner/checkpoint.hpp"
#include "runner/free_learner_rounds.hpp"
#include "runner/free_rounds.hpp"
#include "runner/mpi_server_cells.hpp"
#include "runner/parameter_cells.hpp"
#include "runner/split_cells.hpp"

namespace prl {
namespace {

CellParts parts_of(const RunConfiguration& c, const NetworkLayout& layout, const EnvironmentEntry& environment) {
  const ActorSetting setting{layout,
                             c.seed,
                             c.step_cost,
                             exploration_of(c.rule, c.environments),
                             c.episodes_per_round() / c.environments,
                             c.reset_cost,
                             states_before(c)};
  const CollectionPlan plan{
      c.workers, c.environments, c.pipelined() ? 1 : 0, layout.parameter_count,         segment_layout(c),
      c.grain,   c.slow_worker,  c.slow_factor,         c.cut_stragglers.value_or(0.0), c.balance == Balance::kSpeed};
  return {c, layout, with_threads(environment.actors(setting), c.threads_per_worker, c.workers),
          environment.batches(setting), plan};
}

// Throws std::runtime_error unless this process may have as many threads as it is going to start. oneTBB would make do
// with fewer, or end the program.
void require_threads(const RunConfiguration& c) {
  const bool threads_collect = c.collect == CollectMode::kThreads;
  int count = (threads_collect ? c.workers - 1 : 0) + c.learner_threads - 1;
  // Elsewhere worker 0 is the learner's thread, but where a courier carries messages beside it.
  if (c.pipelined() || (c.central_learner_runs_free() && c.collect != CollectMode::kProcesses)) ++count;
  std::atomic<bool> release{false};
  std::string error;
  std::vector<std::thread> threads;
  try {
    for (int i = 0; i < count; ++i) threads.emplace_back([&release] { release.wait(false); });
  } catch (const std::system_error& failure) {
    error = failure.what();
  }
  release.store(true);
  release.notify_all();
  for (std::thread& thread : threads) thread.join();
  if (!error.empty()) {
    throw std::runtime_error(
        fmt::format("{} more threads could not be started: {}; use fewer --workers or --learner-threads, or raise the "
                    "limit on processes (ulimit -u)",
                    count, error));
  }
}

// `collector` in a thread of its own, one round ahead of the learner.
std::unique_ptr<Collector> collecting_ahead(const CellParts& parts, std::unique_ptr<Collector> collector) {
  const RunConfiguration& c = parts.configuration;
  const int recorders = c.inference == InferencePlace::kLearner ? 1 : c.workers;
  auto ahead = std::make_unique<CollectingAhead>(parts.plan, environments_of(0, recorders, c.environments),
                                                 std::move(collector), c.warmup_rounds + c.rounds,
                                                 [&c](long round) { return c.pays_step_cost(round); });
  if (c.checkpoint.resumed == nullptr) return ahead;
  AlignedBuffer<float> acting(parts.layout.parameter_count);
  RunState state;
  state.add(name_of_delayed(0), acting.span());
  restore_state(c, state);
  ahead->continue_at(rounds_done_before(c), acting.span());
  return ahead;
}

void learn_centrally(const CellParts& parts, std::unique_ptr<Collector> collector, const LearnerMain& learner_main) {
  require_threads(parts.configuration);
  if (parts.configuration.pipelined()) collector = collecting_ahead(parts, std::move(collector));
  use_one_torch_thread();
  CentralRounds rounds(parts.configuration, parts.layout, std::move(collector));
  learner_main(rounds);
}

std::unique_ptr<Collector> make_remote_collector(const CellParts& parts, std::unique_ptr<StepLink> link) {
  const RunConfiguration& c = parts.configuration;
  return std::make_unique<RemoteCollector>(parts.plan, parts.layout, c.seed, parts.batches, std::move(link),
                                           exploration_of(c.rule, c.environments),
                                           c.checkpoint.resumed ? states_before(c)->steps : 0);
}

// The collectors whose workers live in this process or are forked by it.
std::unique_ptr<Collector> make_local_collector(const CellParts& parts) {
  const RunConfiguration& c = parts.configuration;
  if (c.collect == CollectMode::kSerial) return std::make_unique<SerialCollector>(parts.plan, parts.actors);
  if (c.collect == CollectMode::kThreads) return std::make_unique<ThreadCollector>(parts.plan, parts.actors);
  if (c.inference == InferencePlace::kWorkers) return std::make_unique<ProcessCollector>(parts.plan, parts.actors);
  return make_remote_collector(parts, std::make_unique<ProcessStepLink>(parts.plan, parts.batches));
}

void learn_beside(const CellParts& parts, std::unique_ptr<SegmentSource> actors, const LearnerMain& learner_main) {
  use_one_torch_thread();
  FreeRounds rounds(parts.configuration, parts.layout, std::move(actors));
  learner_main(rounds);
}

void learn_beside_free_actors(const CellParts& parts, const LearnerMain& learner_main) {
  const RunConfiguration& c = parts.configuration;
  const ActorPlace place = c.collect == CollectMode::kThreads ? ActorPlace::kThreads : ActorPlace::kProcesses;
  require_threads(c);
  learn_beside(parts, std::make_unique<FreeActors>(parts.plan, place, c.queue_depth, parts.actors), learner_main);
}

// Every worker learns from its own segments and waits for nobody; they share parameters.
void learn_freely(const CellParts& parts, const LearnerMain& learner_main) {
  const RunConfiguration& c = parts.configuration;
  const CompanionPlace place =
      c.collect == CollectMode::kThreads ? CompanionPlace::kThreads : CompanionPlace::kProcesses;
  require_threads(c);
  FreeLearnerBoard board(c, parts.layout.parameter_count);
  const auto serve = [&](int worker) {
    request_precise_sleep();
    use_one_torch_thread();
    const CoreShare share(worker, c.workers);
    FreeLearnerMember member(c, parts.layout, board, worker, make_own_actor(parts, worker), waiter_for(c.workers));
    member.worker().serve(board.tickets(), waiter_for(c.workers));
  };
  Companions others(
      place, c.workers, serve, [&board] { board.tickets().end(); },
      [&board](int worker) { return board.recover(worker); });
  use_one_torch_thread();
  const CoreShare share(0, c.workers);
  FreeLearnerRounds rounds(c, parts.layout, board, make_own_actor(parts, 0), others);
  learner_main(rounds);
}

// Rank 0 learns beside the others, which act.
void run_freely_as_rank(const CellParts& parts, MpiSession& session, const LearnerMain& learner_main) {
  const RunConfiguration& c = parts.configuration;
  if (session.rank() > 0) return serve_mpi_learner(parts.plan, parts.actors, session);
  require_threads(c);
  if (!c.spawn.actors) {
    return learn_beside(parts, std::make_unique<MpiActors>(parts.plan, c.queue_depth, session), learner_main);
  }
  auto spawner = std::make_unique<MpiSpawner>(c.spawn.command, SpawnSetting::place_word);
  learn_beside(parts, std::make_unique<MpiActors>(parts.plan, c.queue_depth, session, std::move(spawner)),
               learner_main);
}

void work_as_rank(const CellParts& parts, MpiSession& session, const LearnerMain& learner_main) {
  const RunConfiguration& c = parts.configuration;
  const bool learner = session.rank() == 0;
  const bool remote = c.inference == InferencePlace::kLearner;
  if (c.central_learner_runs_free()) {
    run_freely_as_rank(parts, session, learner_main);
  } else if (c.serving_ranks() > 0) {
    learn_at_ranks_that_serve(parts, session, learner_main);
  } else if (c.agreement == Agreement::kAllReduce) {
    learn_split_as_rank(parts, session, learner_main);
  } else if (c.meets_on_parameters()) {
    MpiTransport transport(session);
    meet_as_member(c, parts.layout, transport, make_own_actor(parts, session.rank()), session.stop(), learner_main);
  } else if (learner && remote) {
    learn_centrally(parts, make_remote_collector(parts, std::make_unique<MpiStepLink>(parts.plan, session)),
                    learner_main);
  } else if (learner) {
    learn_centrally(parts, std::make_unique<MpiCollector>(parts.plan, parts.actors, session), learner_main);
  } else if (remote) {
    serve_mpi_steps(parts.plan, parts.batches, session);
  } else {
    serve_mpi_collector(parts.plan, parts.actors, session);
  }
}

bool run_in_ranks(const CellParts& parts, const LearnerMain& learner_main) {
  const RunConfiguration& c = parts.configuration;
  if (!c.spawn.place.empty()) {
    serve_starting_learner(parts.plan, parts.actors, parse_spawned_place(c.spawn.place));
    return false;
  }
  std::optional<JobBeside> beside;
  if (c.spawn.actors) beside = JobBeside{0, c.workers + 1};
  MpiSession session(beside);
  try {
    if (c.cut_stragglers && session.ranks_on_host() != session.size()) {
      throw std::runtime_error(
          "--cut-stragglers: a round is cut by a word that all ranks see, and these are on several hosts; start them "
          "on "
          "one, or leave it away");
    }
    work_as_rank(parts, session, learner_main);
  } catch (const std::exception& error) {
    // Here, because the session ends the whole job, this process included, when the exception leaves.
    const std::string who = session.rank() == 0 ? "" : fmt::format("rank {}: ", session.rank());
    fmt::print(stderr, "prl: {}{}\n", who, error.what());
    throw;
  }
  return session.rank() == 0;
}

}  // namespace

bool run_cell(const RunConfiguration& c, const NetworkLayout& layout, const EnvironmentEntry& environment,
              const LearnerMain& learner_main) {
  const CellParts parts = parts_of(c, layout, environment);
  if (c.collect == CollectMode::kMpi) return run_in_ranks(parts, learner_main);
  if (c.free_running() && c.agreement != Agreement::kNone) {
    learn_freely(parts, learner_main);
  } else if (c.meets_on_parameters()) {
    require_threads(c);
    meet_beside_companions(c, layout, parts.actors, learner_main);
  } else if (c.free_running()) {
    learn_beside_free_actors(parts, learner_main);
  } else if (c.collect == CollectMode::kProcesses && c.agreement == Agreement::kAllReduce) {
    learn_split_in_processes(parts, learner_main);
  } else {
    learn_centrally(parts, make_local_collector(parts), learner_main);
  }
  return true;
}

}  // namespace prl

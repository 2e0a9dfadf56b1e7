// MPI ranks collect the serial mode's bytes, with the policy in the rank or at the learner, and what crosses is counted
// by its closed form. Run by mpirun with any number of ranks.
#include <thread>

#include "envs/registry.hpp"
#include "parallel/collect/mpi_collector.hpp"
#include "parallel/collect/mpi_step_link.hpp"
#include "parallel/collect/remote_collector.hpp"
#include "tests/moving_environments.hpp"
#include "tests/mpi_check.hpp"
#include "tests/parallel_expectations.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr int kRounds = 3;
constexpr int kEnvironments = 17;  // enough for 16 ranks, divided by none

void carried_policy_equals_serial(MpiSession& session, MpiCheck& check) {
  const CollectionPlan plan = fake_plan(session.size(), kEnvironments);
  if (session.rank() > 0) return serve_mpi_collector(plan, fake_actors(plan.parameter_count), session);
  MpiCollector collector(plan, fake_actors(plan.parameter_count), session);
  check(segments_of(collector, kRounds) == serial_segments(plan, fake_actors(plan.parameter_count), kRounds),
        "ranks leave the serial collector's bytes");
  const auto others = static_cast<std::uint64_t>(session.size() - 1);
  const CommunicationLedger& ledger = collector.ledger();
  check(ledger.of(Purpose::kWeights).bytes == kRounds * others * plan.parameter_bytes(),
        "weights are (W - 1) S a round");
  check(ledger.of(Purpose::kTrajectories).bytes == kRounds * other_blocks_bytes(plan),
        "trajectories are others' blocks");
  check(ledger.of(Purpose::kControl).bytes == kRounds * others * 32, "control is 32 bytes a round and worker");
  check(collector.worker_seconds().size() == others + 1, "every worker's seconds are told");
}

// Large enough for a rendezvous of each weight and trajectory message.
void large_messages_equal_serial(MpiSession& session, MpiCheck& check) {
  CollectionPlan plan = fake_plan(session.size(), kEnvironments);
  plan.parameter_count = 70000;
  plan.layout.steps = 2000;
  if (session.rank() > 0) return serve_mpi_collector(plan, fake_actors(plan.parameter_count), session);
  MpiCollector collector(plan, fake_actors(plan.parameter_count), session);
  check(segments_of(collector, kRounds) == serial_segments(plan, fake_actors(plan.parameter_count), kRounds),
        "large messages leave the serial collector's bytes");
}

void real_environments_equal_serial(MpiSession& session, MpiCheck& check) {
  for (const EnvironmentEntry* entry : environments()) {
    const EnvironmentInfo info = entry->info();
    NetworkSpec spec;
    spec.observation_size = info.observation_size;
    spec.head_size = info.head_size;
    spec.action_kind = info.discrete ? ActionKind::kDiscrete : ActionKind::kContinuous;
    spec.hidden = {16};
    const NetworkLayout network(spec);
    CollectionPlan plan;
    plan.workers = session.size();
    plan.environments = kEnvironments;
    plan.parameter_count = network.parameter_count;
    plan.layout = {130, info.observation_size, spec.action_size()};
    const ActorSetting setting{network, 11, {}};
    if (session.rank() > 0) {
      serve_mpi_collector(plan, entry->actors(setting), session);
      serve_mpi_steps(plan, entry->batches(setting), session);
      continue;
    }
    const auto expected = serial_segments(plan, entry->actors(setting), kRounds);
    {
      MpiCollector carried(plan, entry->actors(setting), session);
      check(segments_of(carried, kRounds) == expected, "real environments, the policy in the rank");
    }
    RemoteCollector remote(plan, network, setting.seed, entry->batches(setting),
                           std::make_unique<MpiStepLink>(plan, session));
    check(segments_of(remote, kRounds) == expected, "real environments, the policy at the learner");
    std::uint64_t bytes = 0;
    const auto n = static_cast<std::uint64_t>(kEnvironments - environments_of(0, plan.workers, kEnvironments).count);
    const auto o = static_cast<std::uint64_t>(info.observation_size);
    const auto a = static_cast<std::uint64_t>(spec.action_size());
    const std::uint64_t before = remote.ledger().of(Purpose::kTrajectories).bytes;
    check(remote.collect(std::atomic<bool>{false}), "one more round");
    for (int i = environments_of(0, plan.workers, kEnvironments).count; i < kEnvironments; ++i) {
      bytes += 4 * o * static_cast<std::uint64_t>(count_ended(remote.segment().trajectory(i).ends, plan.layout.steps));
    }
    bytes += static_cast<std::uint64_t>(plan.layout.steps) * n * (4 * a + 4 * o + 5);
    check(remote.ledger().of(Purpose::kTrajectories).bytes - before == bytes, "central inference's bytes");
    check(remote.ledger().of(Purpose::kControl).bytes == 4 * 32 * static_cast<std::uint64_t>(session.size() - 1),
          "central inference's control bytes");
  }
}

void moving_environments_equal_serial(MpiSession& session, MpiCheck& check) {
  for (const EnvironmentEntry* entry : environments()) {
    const MovingRun run = moving_run(*entry, session.size());
    const ActorFactory make_actor = entry->actors(run.setting);
    if (session.rank() > 0) {
      serve_mpi_collector(run.plan, make_actor, session);
      continue;
    }
    const auto expected = serial_segments(run.plan, make_actor, kMovingRounds);
    MpiCollector collector(run.plan, make_actor, session);
    check(segments_of(collector, kMovingRounds) == expected,
          "environments that move leave the serial collector's bytes");
    if (session.size() == 1) continue;
    check(collector.worker_environments()[1] == 1, "a slow rank keeps one environment");
    const auto commands = static_cast<std::uint64_t>(2 * kMovingRounds * (session.size() - 1));
    check(collector.ledger().of(Purpose::kControl).messages > commands, "what ranks are told of moves is counted");
  }
}

// Rank 0 is done at once and then told to stop; the others leave only when they are told.
void stop_reaches_all_ranks(MpiSession& session, MpiCheck& check) {
  const auto wait = [](int first, int round, const std::atomic<bool>& stop) {
    if (first > 0 && round == 2) wait_for_stop(stop);
  };
  const CollectionPlan plan = fake_plan(session.size(), kEnvironments);
  const ActorFactory make_actor = fake_actors(plan.parameter_count, wait);
  if (session.rank() > 0) return serve_mpi_collector(plan, make_actor, session);
  MpiCollector collector(plan, make_actor, session);
  std::atomic<bool> stop{false};
  check(collector.collect(stop), "a round without stop is complete");
  std::thread interrupt([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.store(true);
  });
  const bool complete = collector.collect(stop);
  interrupt.join();
  check(!complete || session.size() == 1, "a stopped round is not complete");
  stop.store(false);
  check(collector.collect(stop), "the round after a stop is complete");
}

void stop_reaches_central_inference(MpiSession& session, MpiCheck& check) {
  const EnvironmentEntry& entry = *environments().front();
  NetworkSpec spec;
  spec.observation_size = entry.info().observation_size;
  spec.head_size = entry.info().head_size;
  spec.action_kind = ActionKind::kDiscrete;
  const NetworkLayout network(spec);
  CollectionPlan plan = fake_plan(session.size(), kEnvironments);
  plan.parameter_count = network.parameter_count;
  plan.layout = {100000, spec.observation_size, spec.action_size()};
  const ActorSetting setting{network, 11, parse_step_cost("wait:1ms")};
  if (session.rank() > 0) return serve_mpi_steps(plan, entry.batches(setting), session);
  RemoteCollector remote(plan, network, setting.seed, entry.batches(setting),
                         std::make_unique<MpiStepLink>(plan, session));
  std::atomic<bool> stop{false};
  std::thread interrupt([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.store(true);
  });
  check(!remote.collect(stop), "a stopped round of central inference is not complete");
  interrupt.join();
}

void foreign_plans_are_refused(MpiSession& session, MpiCheck& check) {
  const CollectionPlan plan = fake_plan(session.size() + 1, kEnvironments);
  const std::string error = error_of([&] { serve_mpi_collector(plan, fake_actors(plan.parameter_count), session); });
  check(contains(error, "start mpirun with -n " + std::to_string(session.size() + 1)),
        "another number of ranks is refused");
}

}  // namespace

int main() {
  MpiSession session;
  MpiCheck check(session);
  carried_policy_equals_serial(session, check);
  large_messages_equal_serial(session, check);
  real_environments_equal_serial(session, check);
  moving_environments_equal_serial(session, check);
  stop_reaches_all_ranks(session, check);
  stop_reaches_central_inference(session, check);
  foreign_plans_are_refused(session, check);
  return check.result();
}

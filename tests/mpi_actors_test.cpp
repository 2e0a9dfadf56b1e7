// Actors as MPI ranks that run freely beside rank 0: their trajectories are those of the version that they name, lags and
// bytes are counted, nobody waits for anybody but at a full queue. Run by mpirun with any number of ranks on one host.
#include <thread>
#include <utility>
#include <vector>

#include "parallel/schedule/mpi_actors.hpp"
#include "tests/arrival_check.hpp"
#include "tests/mpi_check.hpp"
#include "tests/parallel_expectations.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr int kDepth = 2;
constexpr int kEnvironmentsEach = 4;

CollectionPlan plan_of(const MpiSession& session) {
  const int actors = session.size() - 1;
  return fake_plan(actors, kEnvironmentsEach * actors);
}

// Words that all ranks see, apart from MPI's messages.
class SharedWords {
 public:
  explicit SharedWords(const MpiSession& session) {
    const MPI_Aint bytes = session.rank() == 0 ? static_cast<MPI_Aint>(sizeof(std::atomic<int>)) * session.size() : 0;
    void* start = nullptr;
    MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, session.communicator(), &start, &window_);
    MPI_Aint size = 0;
    int unit = 0;
    MPI_Win_shared_query(window_, 0, &size, &unit, &start);
    words_ = static_cast<std::atomic<int>*>(start);
    words_[session.rank()].store(0);
    MPI_Barrier(session.communicator());
  }
  ~SharedWords() { MPI_Win_free(&window_); }
  SharedWords(const SharedWords&) = delete;
  SharedWords& operator=(const SharedWords&) = delete;

  std::atomic<int>& of(int rank) const { return words_[rank]; }
  // For a minute at most.
  void await(int rank, int least) const {
    for (int look = 0; look < 60000 && of(rank).load() < least; ++look) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

 private:
  MPI_Win window_ = MPI_WIN_NULL;
  std::atomic<int>* words_ = nullptr;
};

void segments_are_of_their_version(MpiSession& session, MpiCheck& check, std::size_t parameter_count, int steps) {
  constexpr int kSegments = 60;
  CollectionPlan plan = plan_of(session);
  plan.parameter_count = parameter_count;
  plan.layout.steps = steps;
  if (session.rank() > 0) return serve_mpi_learner(plan, fake_actors(plan.parameter_count), session);
  MpiActors actors(plan, kDepth, session);
  const std::atomic<bool> stop{false};
  std::vector<int> segments(static_cast<std::size_t>(plan.workers), 0);
  std::vector<std::uint64_t> last(segments.size(), ~0ULL);
  std::vector<float> parameters(plan.parameter_count);
  std::uint64_t pickups = 0;
  int wrong = 0;
  for (int version = 0; version < kSegments; ++version) {
    set_parameters(parameters, version);
    actors.publish(parameters);
    SegmentSource::Arrival arrival;
    if (!actors.take(stop, arrival)) ++wrong;
    const auto actor = static_cast<std::size_t>(arrival.taken.actor);
    wrong += wrong_blocks(plan, arrival, ++segments[actor]);
    if (arrival.lag != version - static_cast<long>(arrival.taken.note.version) || arrival.lag < 0) ++wrong;
    if (arrival.after_loss) ++wrong;
    if (last[actor] != arrival.taken.note.version) ++pickups;
    last[actor] = arrival.taken.note.version;
    actors.release(arrival);
  }
  check(wrong == 0, "trajectories are those of the version that they name");
  const CommunicationLedger& ledger = actors.ledger();
  check(ledger.of(Purpose::kTrajectories).bytes ==
            kSegments * plan.segment_bytes() / static_cast<std::size_t>(plan.workers),
        "trajectories are an actor's blocks a segment");
  check(ledger.of(Purpose::kWeights).bytes == pickups * plan.parameter_bytes(),
        "weights cross once a version and actor");
  check(ledger.of(Purpose::kControl).bytes == kSegments * 32, "control is 32 bytes a segment");
}

// Rank 0 makes no call between publishing and taking, so the courier alone keeps the actors going.
void lag_is_versions_since_the_beginning(MpiSession& session, MpiCheck& check) {
  const CollectionPlan plan = plan_of(session);
  const SharedWords begun(session);
  const auto note = [&](int, int round, const auto&) { begun.of(session.rank()).store(round); };
  if (session.rank() > 0) return serve_mpi_learner(plan, fake_actors(plan.parameter_count, note), session);
  MpiActors actors(plan, kDepth, session);
  const std::vector<float> parameters(plan.parameter_count, 1.0F);
  const std::atomic<bool> stop{false};
  actors.publish(parameters);
  for (int rank = 1; rank < session.size(); ++rank) begun.await(rank, kDepth);
  actors.publish(parameters);
  actors.publish(parameters);
  std::vector<int> segments(static_cast<std::size_t>(plan.workers), 0);
  int wrong = 0;
  for (int segment = 0; segment < 5 * plan.workers; ++segment) {
    SegmentSource::Arrival arrival;
    if (!actors.take(stop, arrival)) ++wrong;
    // As many as fit the queue were begun with the first version; the next begin once there is room.
    const int number = ++segments[static_cast<std::size_t>(arrival.taken.actor)];
    if (arrival.lag != (number <= kDepth ? 2 : 0)) ++wrong;
    if (begun.of(arrival.taken.actor + 1).load() > number - 1 + kDepth) ++wrong;
    actors.release(arrival);
  }
  check(wrong == 0, "the lag is the number of versions published since the actor began");
  check(actors.ledger().of(Purpose::kWeights).messages <= 2 * static_cast<std::uint64_t>(plan.workers),
        "a version crosses once to each actor");
}

// The first actor is at its second segment as long as the others have not sent forty.
void nobody_waits_for_a_slow_actor(MpiSession& session, MpiCheck& check) {
  if (session.size() < 3) return;
  const CollectionPlan plan = plan_of(session);
  const SharedWords words(session);
  const auto wait = [&](int, int round, const auto&) {
    if (session.rank() == 1 && round == 2) words.await(1, 1);
  };
  if (session.rank() > 0) return serve_mpi_learner(plan, fake_actors(plan.parameter_count, wait), session);
  MpiActors actors(plan, 1, session);
  const std::atomic<bool> stop{false};
  const std::vector<float> parameters(plan.parameter_count, 1.0F);
  actors.publish(parameters);
  int of_slow = 0;
  int of_others = 0;
  while (of_others < 40 || of_slow < 5) {
    SegmentSource::Arrival arrival;
    if (!actors.take(stop, arrival)) break;
    ++(arrival.taken.actor == 0 ? of_slow : of_others);
    if (of_others < 40 && of_slow > 1) break;
    if (of_others >= 40) words.of(1).store(1);
    actors.release(arrival);
  }
  check(of_others >= 40 && of_slow == 5, "the others go on beside a slow actor, which is heard later");
}

void losses_are_told(MpiSession& session, MpiCheck& check) {
  const CollectionPlan plan = plan_of(session);
  const SharedWords begun(session);
  const auto note = [&](int, int round, const auto&) { begun.of(session.rank()).store(round); };
  if (session.rank() > 0) return serve_mpi_learner(plan, fake_actors(plan.parameter_count, note), session);
  MpiActors actors(plan, kDepth, session);
  const std::atomic<bool> stop{false};
  actors.publish(std::vector<float>(plan.parameter_count, 0.0F));
  std::vector<int> last(static_cast<std::size_t>(plan.workers), 0);
  int wrong = 0;
  int losses = 0;
  for (const bool charge : {false, true, false}) {
    // Every actor has begun a segment under the cost that there was.
    for (int rank = 1; rank < session.size(); ++rank) begun.await(rank, last[static_cast<std::size_t>(rank - 1)] + 1);
    actors.charge_step_cost(charge);
    for (int segment = 0; segment < 6; ++segment) {
      SegmentSource::Arrival arrival;
      if (!actors.take(stop, arrival) || arrival.taken.note.charged != charge) ++wrong;
      int& before = last[static_cast<std::size_t>(arrival.taken.actor)];
      const int number = number_of_segment(arrival, before);
      if (arrival.after_loss != (number > std::exchange(before, number) + 1)) ++wrong;
      losses += arrival.after_loss ? 1 : 0;
      actors.release(arrival);
    }
  }
  check(wrong == 0, "segments under another step cost are dropped, and the next one says so");
  check(losses >= 3, "there were some");
}

// The actors leave their segments only when they are told.
void stop_ends_the_wait(MpiSession& session, MpiCheck& check) {
  const CollectionPlan plan = plan_of(session);
  const auto wait = [](int, int, const std::atomic<bool>& stop) { wait_for_stop(stop); };
  if (session.rank() > 0) return serve_mpi_learner(plan, fake_actors(plan.parameter_count, wait), session);
  const double begin_seconds = monotonic_seconds();
  {
    MpiActors actors(plan, 1, session);
    actors.publish(std::vector<float>(plan.parameter_count, 0.0F));
    std::atomic<bool> stop{false};
    std::thread interrupt([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      stop.store(true);
    });
    SegmentSource::Arrival arrival;
    check(!actors.take(stop, arrival), "a stop ends the wait");
    interrupt.join();
  }
  check(monotonic_seconds() - begin_seconds < 30.0, "actors leave a segment that they are at");
  check(!session.stop().load(), "the next use of the ranks is not stopped");
}

void foreign_plans_are_refused(MpiSession& session, MpiCheck& check) {
  const int ranks = session.size();
  const std::string error = error_of([&] { serve_mpi_learner(fake_plan(ranks, ranks), fake_actors(37), session); });
  check(contains(error, "start mpirun with -n " + std::to_string(ranks + 1)), "another number of ranks is refused");
  if (ranks < 2) return;
  check(!error_of([&] { MpiActors(plan_of(session), 0, session); }).empty(), "a queue without a slot is refused");
  if (ranks < 3) return;
  check(!error_of([&] { MpiActors(fake_plan(ranks - 1, ranks), 1, session); }).empty(), "uneven shares are refused");
}

}  // namespace

int main() {
  MpiSession session;
  MpiCheck check(session);
  foreign_plans_are_refused(session, check);
  if (session.size() > 1) {
    segments_are_of_their_version(session, check, 37, 5);
    // Large enough for a rendezvous of each message.
    segments_are_of_their_version(session, check, 70000, 2000);
    lag_is_versions_since_the_beginning(session, check);
    nobody_waits_for_a_slow_actor(session, check);
    losses_are_told(session, check);
    stop_ends_the_wait(session, check);
  }
  return check.result();
}

// Ranks that serve parameters: merges and gradient steps by hand, their lags and bytes, whatever the number of servers; and
// segments that are handed out by message.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "parallel/agree/mpi_parameter_server.hpp"
#include "parallel/agree/mpi_server_member.hpp"
#include "parallel/schedule/mpi_segments.hpp"
#include "tests/mpi_check.hpp"
#include "tests/parallel_fake_learner.hpp"

using namespace prl;
using namespace prl::test;

namespace {

// Several pieces of one server, the last one short, and ranges that are no multiple of each other.
constexpr std::size_t kCount = 2 * kFloatsOfPiece + 1001;

std::vector<float> values_of(int worker, int meeting) {
  std::vector<float> values(kCount);
  for (std::size_t k = 0; k < kCount; ++k) {
    values[k] = static_cast<float>(std::sin(1.0 + 2.3 * worker + 1.7 * meeting + 0.01 * static_cast<double>(k)));
  }
  return values;
}

void merge_by_hand(std::vector<float>& theta, const std::vector<float>& own, float rate) {
  for (std::size_t k = 0; k < kCount; ++k) theta[k] = rate == 1.0F ? own[k] : theta[k] + rate * (own[k] - theta[k]);
}

// Whose turn it is: in scripted order, so that what comes out is known.
void await_turn(const MpiSession& session) { check_mpi(MPI_Barrier(session.communicator()), "take turns"); }

void merges_by_hand(const MpiSession& session, MpiCheck& check, int workers, float rate, bool refresh) {
  const MpiServerRanks ranks{workers, session.size() - workers, kCount};
  std::vector<float> theta = values_of(-1, 0);
  std::vector<float> served = theta;
  std::optional<MpiParameterServer> server;
  std::optional<MpiServerMember> member;
  if (session.rank() < workers) {
    member.emplace(session, ranks, refresh);
  } else {
    server.emplace(session, ranks, served, static_cast<double>(rate));
  }
  const int turns = 3 * workers;
  for (int turn = 0; turn < turns; ++turn) {
    const int worker = turn % workers;
    const std::vector<float> own = values_of(worker, turn);
    merge_by_hand(theta, own, rate);
    await_turn(session);
    if (server) session.waiting().until([&] { return server->poll(); });
    if (session.rank() != worker) continue;
    std::vector<float> parameters = own;
    const Meeting meeting = member->meet(parameters);
    check(parameters == (refresh ? theta : own), "a member goes on from what was merged, or from its own");
    if (!refresh)
      check(std::equal(theta.begin(), theta.end(), member->received().begin()), "theta is received beside it");
    check(meeting.lag == std::min(turn, workers - 1), "the lag is the others' merges since the last one");
  }
  await_turn(session);
  if (server) {
    const ParameterRange range = ranks.range_of_server(session.rank() - workers);
    check(std::equal(theta.begin() + static_cast<std::ptrdiff_t>(range.begin),
                     theta.begin() + static_cast<std::ptrdiff_t>(range.end),
                     served.begin() + static_cast<std::ptrdiff_t>(range.begin)),
          "a server holds its range of what was merged");
    return;
  }
  const CommunicationCount& weights = member->ledger().of(Purpose::kWeights);
  check(weights.bytes == 3 * 2 * 4 * kCount && weights.messages == 3 * 2, "a merge moves 2 S bytes");
  const CommunicationCount& control = member->ledger().of(Purpose::kControl);
  check(control.messages == 3 * 2 * static_cast<std::uint64_t>(ranks.servers), "a call and an answer a server");
}

// Two updates a segment: the second's copy has the first's step.
void steps_by_hand(const MpiSession& session, MpiCheck& check, int workers) {
  const MpiServerRanks ranks{workers, session.size() - workers, kCount};
  std::vector<float> theta = values_of(-1, 0);
  std::vector<float> own = theta;
  std::vector<float> gradient(kCount);
  FakeLearner learner({1, 0, 1}, 2, own, {gradient});
  std::optional<MpiParameterServer> server;
  std::optional<MpiServerMember> member;
  if (session.rank() < workers) {
    member.emplace(session, ranks, true);
  } else {
    server.emplace(session, ranks, own, 1.0, &learner);
  }
  // All pull before the first step, then push in turn.
  await_turn(session);
  for (int worker = 0; server && worker < workers; ++worker) session.waiting().until([&] { return server->poll(); });
  if (member) member->pull(own);
  for (int turn = 0; turn < 2 * workers; ++turn) {
    const std::vector<float> step = values_of(turn, 7);
    const double sum = square_sum(step);
    for (std::size_t k = 0; k < kCount; ++k) theta[k] = fake_step(theta[k], step[k], sum);
    await_turn(session);
    for (int call = 0; server && call < 2; ++call) session.waiting().until([&] { return server->poll(); });
    if (session.rank() != turn % workers) continue;
    const Meeting meeting = member->push(step, sum, turn % 2 == 1);
    member->pull(own);
    check(meeting.lag == (turn < workers ? turn : workers - 1), "the lag is the others' steps since the pull");
    check(own == theta, "the servers step by the gradient");
  }
  await_turn(session);
  if (!member) {
    check(learner.finished_updates() == 2 * workers, "a server finishes every update");
    return;
  }
  check(member->ledger().of(Purpose::kWeights).bytes == 3 * 4 * kCount, "a pull moves S bytes of weights");
  check(member->ledger().of(Purpose::kGradients).bytes == 2 * 4 * kCount, "a push moves S bytes of gradients");
}

SegmentReport report_of(int worker, long steps) {
  SegmentReport report;
  report.worker = worker;
  report.environment_steps = steps;
  return report;
}

constexpr int kLeftTag = 900;

// Counts one more worker if one has said that it leaves.
bool has_left(const MpiSession& session, int& left) {
  int arrived = 0;
  check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, kLeftTag, session.communicator(), &arrived, MPI_STATUS_IGNORE), "look");
  if (arrived == 0) return false;
  check_mpi(MPI_Recv(nullptr, 0, MPI_BYTE, MPI_ANY_SOURCE, kLeftTag, session.communicator(), MPI_STATUS_IGNORE),
            "take");
  ++left;
  return true;
}

// Worker 0 opens 5 segments, sees all of them reported, pauses, opens 4 more with others' costs, and ends.
void segments_by_message(const MpiSession& session, MpiCheck& check, int workers) {
  const MpiServerRanks ranks{workers, session.size() - workers, kCount};
  const bool desk_rank = session.rank() == ranks.rank_of(0);
  if (session.rank() > ranks.rank_of(0)) return check(true, "has no part in it");
  if (desk_rank) {
    MpiSegmentDesk desk(session, ranks);
    int left = 0;
    while (!desk.ended() || left < workers - 1) {
      session.waiting().until([&] { return desk.poll() || has_left(session, left); });
    }
    return check(desk.ended(), "the desk ends");
  }
  MpiSegments segments(session, ranks);
  if (session.rank() > 0) {
    long done = 0;
    for (; segments.await_begin(); ++done) segments.finish(report_of(session.rank(), segments.charged() ? 1 : 100));
    check_mpi(MPI_Send(nullptr, 0, MPI_BYTE, ranks.rank_of(0), kLeftTag, session.communicator()), "leave");
    session.ring(ranks.rank_of(0));
    return check(done >= 0, "a worker leaves once segments have ended");
  }
  const auto work_until = [&](std::uint64_t taken) {
    long steps = 0;
    while (segments.taken() < taken) {
      SegmentReport report;
      if (segments.take(report)) {
        steps += report.environment_steps;
      } else if (segments.begin()) {
        segments.finish(report_of(0, segments.charged() ? 1 : 100));
      } else {
        segments.await_news([] { return false; });
      }
    }
    return steps;
  };
  segments.open_until(5, true);
  check(work_until(5) == 5, "as many segments as were opened are worked on");
  SegmentReport report;
  check(!segments.take(report), "and no more");
  segments.pause();
  segments.open_until(9, false);
  check(work_until(9) == 400, "the next ones after a pause, without step costs");
  segments.end();
}

}  // namespace

int main() {
  MpiSession session;
  MpiCheck check(session);
  for (int workers = 1; workers < session.size(); ++workers) {
    for (const bool refresh : {true, false}) {
      merges_by_hand(session, check, workers, 0.5F, refresh);
      merges_by_hand(session, check, workers, 1.0F, refresh);
    }
    steps_by_hand(session, check, workers);
    segments_by_message(session, check, workers);
    check_mpi(MPI_Barrier(session.communicator()), "go on together");
  }
  if (session.size() == 1) check(true, "a rank alone has no server");
  return check.result();
}

#include "parallel/schedule/mpi_segments.hpp"

#include <type_traits>

#include "parallel/transport/mpi_error.hpp"

namespace prl {
namespace {

static_assert(std::is_trivially_copyable_v<SegmentReport>, "crosses as bytes");

bool arrived(const MpiSession& session, int from, int tag) {
  int arrived = 0;
  check_mpi(MPI_Iprobe(from, tag, session.communicator(), &arrived, MPI_STATUS_IGNORE), "look for a message");
  return arrived != 0;
}

template <typename Message>
void receive(const MpiSession& session, int from, int tag, Message& message) {
  check_mpi(MPI_Recv(&message, static_cast<int>(sizeof(message)), MPI_BYTE, from, tag, session.communicator(),
                     MPI_STATUS_IGNORE),
            "receive a message");
}

template <typename Message>
void send(const MpiSession& session, int to, int tag, const Message& message) {
  check_mpi(MPI_Send(&message, static_cast<int>(sizeof(message)), MPI_BYTE, to, tag, session.communicator()),
            "send a message");
  session.ring(to);
}

}  // namespace

MpiSegments::MpiSegments(const MpiSession& session, const MpiServerRanks& ranks)
    : session_(session), desk_(ranks.rank_of(0)) {}

bool MpiSegments::begin() {
  if (!asked_) call({SegmentRequest::kBegin});
  asked_ = true;
  if (!has_answer()) return false;
  asked_ = false;
  answered_ = false;
  return answer_.granted != 0;
}

bool MpiSegments::await_begin() {
  if (!asked_) call({SegmentRequest::kBegin});
  asked_ = true;
  session_.waiting().until([&] { return has_answer(); });
  return begin();
}

void MpiSegments::finish(const SegmentReport& report) const { send(session_, 0, kSegmentReportTag, report); }

void MpiSegments::open_until(std::uint64_t limit, bool charge) const {
  call({SegmentRequest::kOpen, charge ? 1 : 0, limit});
}

bool MpiSegments::take(SegmentReport& report) {
  if (!has_report()) return false;
  receive(session_, MPI_ANY_SOURCE, kSegmentReportTag, report);
  ++taken_;
  return true;
}

void MpiSegments::pause() const {
  call({SegmentRequest::kPause});
  session_.waiting().until([&] { return arrived(session_, desk_, kSegmentPauseTag); });
  SegmentAnswer answer;
  receive(session_, desk_, kSegmentPauseTag, answer);
}

void MpiSegments::end() {
  call({SegmentRequest::kEnd});
  if (asked_) session_.waiting().until([&] { return has_answer(); });
}

void MpiSegments::call(const SegmentCall& call) const { send(session_, desk_, kSegmentCallTag, call); }

bool MpiSegments::has_answer() {
  if (answered_ || !asked_ || !arrived(session_, desk_, kSegmentAnswerTag)) return answered_;
  receive(session_, desk_, kSegmentAnswerTag, answer_);
  answered_ = true;
  return true;
}

bool MpiSegments::has_report() const { return arrived(session_, MPI_ANY_SOURCE, kSegmentReportTag); }

void serve_segments(MpiSegments& segments, FreeWorker& worker, Actor& actor, const std::atomic<bool>& stop) {
  while (segments.await_begin()) {
    actor.charge_step_cost(segments.charged());
    SegmentReport report;
    if (worker.work(stop, report)) segments.finish(report);
  }
}

}  // namespace prl

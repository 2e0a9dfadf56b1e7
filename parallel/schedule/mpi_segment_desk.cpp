#include "parallel/schedule/mpi_segment_desk.hpp"

#include <algorithm>

#include "parallel/transport/mpi_error.hpp"

namespace prl {

MpiSegmentDesk::MpiSegmentDesk(const MpiSession& session, const MpiServerRanks& ranks)
    : session_(session), works_(static_cast<std::size_t>(ranks.workers), 0) {
  queue_.reserve(works_.size());
}

bool MpiSegmentDesk::poll() {
  int arrived = 0;
  MPI_Status status;
  check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, kSegmentCallTag, session_.communicator(), &arrived, &status), "look for a call");
  if (arrived == 0) return false;
  const int worker = status.MPI_SOURCE;
  SegmentCall call;
  check_mpi(MPI_Recv(&call, static_cast<int>(sizeof(call)), MPI_BYTE, worker, kSegmentCallTag, session_.communicator(),
                     MPI_STATUS_IGNORE),
            "receive a call");
  switch (call.request) {
    case SegmentRequest::kBegin:
      works(worker) = 0;
      queue_.push_back(worker);
      break;
    case SegmentRequest::kOpen:
      limit_ = call.limit;
      charged_ = call.charged != 0;
      break;
    case SegmentRequest::kPause:
      limit_ = 0;
      pausing_ = true;
      break;
    case SegmentRequest::kEnd:
      ended_ = true;
      break;
  }
  begin_whoever_may();
  end_pause();
  return true;
}

void MpiSegmentDesk::begin_whoever_may() {
  auto next = queue_.begin();
  for (; next != queue_.end() && (ended_ || tickets_ < limit_); ++next) {
    if (!ended_) {
      ++tickets_;
      works(*next) = 1;
    }
    answer(*next, kSegmentAnswerTag, !ended_);
  }
  queue_.erase(queue_.begin(), next);
}

void MpiSegmentDesk::end_pause() {
  if (!pausing_ || std::any_of(works_.begin() + 1, works_.end(), [](char works) { return works != 0; })) return;
  pausing_ = false;
  answer(0, kSegmentPauseTag, false);
}

void MpiSegmentDesk::answer(int worker, MpiServerTag tag, bool granted) const {
  const SegmentAnswer answer{granted ? 1 : 0, charged_ ? 1 : 0};
  check_mpi(MPI_Send(&answer, static_cast<int>(sizeof(answer)), MPI_BYTE, worker, tag, session_.communicator()),
            "answer a worker");
  session_.ring(worker);
}

}  // namespace prl

// Who works on which segment, of workers of an MPI job that each collect, learn and go on by themselves: the tickets of
// segment_tickets.hpp where no memory is shared. A rank that has nothing else to do for long, the first that serves
// parameters, hands them out; workers say there that they would like to begin, and with that that they are at none.
#pragma once

#include <cstdint>
#include <vector>

#include "parallel/agree/mpi_server_messages.hpp"
#include "parallel/transport/mpi_session.hpp"

namespace prl {

enum class SegmentRequest : std::int32_t {
  kBegin,  // a worker is at no segment and asks for one
  kOpen,   // worker 0: segments below the limit may be begun
  kPause,  // worker 0: none may; answer once no other worker is at one
  kEnd     // worker 0: none may ever
};

struct SegmentCall {
  SegmentRequest request = SegmentRequest::kBegin;
  std::int32_t charged = 1;  // with an opening: whether steps pay their cost from then on
  std::uint64_t limit = 0;   // with an opening
};

// To a worker that asked for a segment, or for a pause.
struct SegmentAnswer {
  std::int32_t granted = 0;  // 0: the segments have ended
  std::int32_t charged = 1;
};

class MpiSegmentDesk {
 public:
  // `session` must outlive it.
  MpiSegmentDesk(const MpiSession& session, const MpiServerRanks& ranks);

  // Takes one call if one has come. Returns whether it did.
  bool poll();
  // Whether worker 0 has said so.
  bool ended() const { return ended_; }

 private:
  char& works(int worker) { return works_[static_cast<std::size_t>(worker)]; }
  void answer(int worker, MpiServerTag tag, bool granted) const;
  void begin_whoever_may();
  void end_pause();

  const MpiSession& session_;
  std::vector<char> works_;  // by worker: whether it is at a segment
  std::vector<int> queue_;   // workers that ask for one, the first to ask first
  std::uint64_t tickets_ = 0;
  std::uint64_t limit_ = 0;
  bool charged_ = true;
  bool pausing_ = false;
  bool ended_ = false;
};

}  // namespace prl

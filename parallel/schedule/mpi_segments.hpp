// Segments as a worker of an MPI job sees them: it asks the desk (mpi_segment_desk.hpp) for one at a time, and sends a
// report of each that it has learned from to worker 0, which counts rounds by the reports, in the order of their arrival.
//
// What is counted of a segment: a call, an answer and a report of control.
#pragma once

#include <cstdint>

#include "parallel/agree/mpi_server_messages.hpp"
#include "parallel/schedule/free_worker.hpp"
#include "parallel/schedule/mpi_segment_desk.hpp"
#include "parallel/schedule/segment_tickets.hpp"
#include "parallel/transport/mpi_session.hpp"

namespace prl {

class MpiSegments {
 public:
  static constexpr std::size_t kBytesOfSegment = sizeof(SegmentCall) + sizeof(SegmentAnswer) + sizeof(SegmentReport);
  static constexpr int kMessagesOfSegment = 3;

  // `session` must outlive it.
  MpiSegments(const MpiSession& session, const MpiServerRanks& ranks);

  // Asks for a segment, unless one is asked for, and returns whether it may be begun. If not, it may later, or never.
  bool begin();
  // The same, waiting until it may begin. Returns false once the segments have ended.
  bool await_begin();
  // Of the segment that may be begun: whether steps pay their cost.
  bool charged() const { return answer_.charged != 0; }
  void finish(const SegmentReport& report) const;

  // Worker 0: the segments below `limit` may be begun, by all together; their steps pay their cost or do not.
  void open_until(std::uint64_t limit, bool charge) const;
  // The report of a segment, if there is one.
  bool take(SegmentReport& report);
  // Returns once there is a report, a segment may be begun, or done() says so.
  template <typename Done>
  void await_news(const Done& done) {
    session_.waiting().until([&] { return has_answer() || has_report() || done(); });
  }
  // Reports taken so far.
  std::uint64_t taken() const { return taken_; }
  // Lets none begin any more and returns once no other worker is at one. open_until() goes on.
  void pause() const;
  // Lets none ever begin any more; what this worker has asked for is taken back.
  void end();

 private:
  void call(const SegmentCall& call) const;
  bool has_answer();
  bool has_report() const;

  const MpiSession& session_;
  int desk_;  // its rank
  bool asked_ = false;
  bool answered_ = false;
  SegmentAnswer answer_;
  std::uint64_t taken_ = 0;  // worker 0's
};

// Segment after segment, until they end. `stop` gives a segment up before any update.
void serve_segments(MpiSegments& segments, FreeWorker& worker, Actor& actor, const std::atomic<bool>& stop);

}  // namespace prl

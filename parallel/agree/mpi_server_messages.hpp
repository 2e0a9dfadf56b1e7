// Messages between the workers of an MPI job and the ranks that serve parameters to them: the workers come first, then the
// servers, which hold a range of the parameters each.
//
//   worker -> server   a call; with a merge or a push the values of the server's range, in pieces
//   server -> worker   an answer; with a merge or a pull the parameters of its range, in pieces
//
// A long range crosses in pieces, so that a server works on one while the next is on its way in and the last on its way
// back. How long they are both ends know.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "parallel/agree/gradient_agreement.hpp"

namespace prl {

struct MpiServerRanks {
  int workers = 1;
  int servers = 1;
  std::size_t parameter_count = 0;

  int size() const { return workers + servers; }
  int rank_of(int server) const { return workers + server; }
  ParameterRange range_of_server(int server) const { return range_of(server, servers, parameter_count); }
};

// Apart from the tags of transport and collectors.
enum MpiServerTag : int {
  kServerCallTag = 300,
  kServerPieceTag = 301,
  kServerAnswerTag = 302,
  kSegmentCallTag = 303,
  kSegmentAnswerTag = 304,
  kSegmentPauseTag = 305,
  kSegmentReportTag = 306
};

enum class ServerRequest : std::int32_t {
  kMerge,  // values are the worker's parameters: merge them and send back what came of it
  kPull,   // send the parameters
  kPush,   // values are a gradient: step by it
  kLook,   // send the parameters to one that does not learn from them
  kLeave   // the worker's last
};

struct ServerCall {
  ServerRequest request = ServerRequest::kLeave;
  std::int32_t segment_ends = 0;     // with a push: 1 if it is its segment's last
  double gradient_square_sum = 0.0;  // with a push: over all servers' ranges
};

struct ServerAnswer {
  std::int64_t lag = 0;  // merges, or pushes, by others since the worker received the parameters
};

inline constexpr std::size_t kFloatsOfPiece = 32768;

inline std::size_t pieces_of(const ParameterRange& range) {
  return (range.size() + kFloatsOfPiece - 1) / kFloatsOfPiece;
}

inline ParameterRange piece_of(const ParameterRange& range, std::size_t piece) {
  const std::size_t begin = range.begin + piece * kFloatsOfPiece;
  return {begin, std::min(begin + kFloatsOfPiece, range.end)};
}

}  // namespace prl

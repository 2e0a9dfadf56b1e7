// The learner's end of one actor that is an MPI rank: permits and versions out, answers and trajectories in, of which at
// most one each is under way. mpi_actors.hpp has the order of the messages.
//
// Trajectories of a rank that cannot be lost are received in their slot of the queue, and versions leave from where they
// were published. Those of one that may die cross the link's own buffers: what has been begun with the dead never ends,
// and may still write what had arrived before.
#pragma once

#include <optional>

#include "core/aligned_buffer.hpp"
#include "parallel/collect/mpi_messages.hpp"
#include "parallel/schedule/parameter_versions.hpp"
#include "parallel/schedule/trajectory_queues.hpp"

namespace prl {

// Bits of a permit's flag.
inline constexpr std::uint16_t kPermitCharged = 1;
inline constexpr std::uint16_t kPermitWeightsFollow = 2;

enum class LinkBuffers { kInPlace, kOwn };

class MpiActorLink {
 public:
  // To actor `actor` of the plan, at `peer`, which begins `anew` where it takes the place of one that died. Versions and
  // queues must outlive what is exchanged.
  MpiActorLink(const CollectionPlan& plan, int actor, const MpiPeer& peer, LinkBuffers buffers, bool anew,
               ParameterVersions& versions, TrajectoryQueues& queues);
  MpiActorLink(const MpiActorLink&) = delete;
  MpiActorLink& operator=(const MpiActorLink&) = delete;

  const MpiPeer& peer() const { return peer_; }
  // Whether a permit is out whose segment has not come.
  bool acting() const { return state_ == State::kActing; }
  // Whether the next permit or the end may be sent.
  bool waits() const { return state_ == State::kIdle || state_ == State::kGivenUp; }
  bool ended() const { return state_ == State::kEnded && requests_[kPermit] == MPI_REQUEST_NULL; }
  // Segments that it was let begin, and those that have come.
  long begun() const { return begun_; }
  long finished() const { return finished_; }

  // Takes in what has come; a whole segment goes into the queue. Returns whether anything has moved.
  bool take_messages();
  // Lets the actor collect its next segment, if it has a free slot.
  bool send_permit(bool charged);
  // Lets it return, once it is at nothing.
  bool send_end();

 private:
  enum class State { kIdle, kActing, kGivenUp, kEnded };
  enum Message { kPermit, kWeights, kAnswer, kTrajectories, kMessages };

  bool free_to_send() const {
    return requests_[kPermit] == MPI_REQUEST_NULL && requests_[kWeights] == MPI_REQUEST_NULL;
  }
  void send_weights(const ParameterVersions::Held& held);
  void put_segment();

  std::size_t parameter_count_;
  std::size_t segment_bytes_;
  int actor_;
  MpiPeer peer_;
  LinkBuffers buffers_;
  bool anew_;  // until the first segment
  ParameterVersions& versions_;
  TrajectoryQueues& queues_;
  AlignedBuffer<float> weights_;  // where buffers are its own, as the next
  AlignedBuffer<std::byte> segment_;
  State state_ = State::kIdle;
  MPI_Request requests_[kMessages] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL, MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  RoundHeader permit_;
  RoundHeader answer_;
  std::optional<std::uint64_t> version_;  // that the actor has
  TrajectoryNote note_;
  double answered_seconds_ = 0.0;
  long begun_ = 0;
  long finished_ = 0;
};

}  // namespace prl

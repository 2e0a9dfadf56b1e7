#include "parallel/schedule/mpi_actor_link.hpp"

#include <algorithm>
#include <utility>

#include "parallel/collect/collector.hpp"
#include "parallel/schedule/arrival_account.hpp"

namespace prl {
namespace {

template <typename T>
std::span<const T> one(const T& value) {
  return {&value, 1};
}

}  // namespace

MpiActorLink::MpiActorLink(const CollectionPlan& plan, int actor, const MpiPeer& peer, LinkBuffers buffers, bool anew,
                           ParameterVersions& versions, TrajectoryQueues& queues)
    : parameter_count_(plan.parameter_count),
      segment_bytes_(free_segment_bytes(plan)),
      actor_(actor),
      peer_(peer),
      buffers_(buffers),
      anew_(anew),
      versions_(versions),
      queues_(queues),
      weights_(buffers == LinkBuffers::kOwn ? parameter_count_ : 0),
      segment_(buffers == LinkBuffers::kOwn ? segment_bytes_ : 0) {}

bool MpiActorLink::take_messages() {
  int finished[kMessages];
  int count = 0;
  check_mpi(MPI_Testsome(kMessages, requests_, &count, finished, MPI_STATUSES_IGNORE), "exchange with an actor");
  if (count == MPI_UNDEFINED || count == 0) return false;
  const std::span<int> done(finished, static_cast<std::size_t>(count));
  const auto is_done = [&](Message message) { return std::find(done.begin(), done.end(), message) != done.end(); };
  if (is_done(kWeights) && buffers_ == LinkBuffers::kInPlace) versions_.release(actor_);
  if (is_done(kAnswer)) answered_seconds_ = monotonic_seconds();
  const bool complete = requests_[kAnswer] == MPI_REQUEST_NULL && requests_[kTrajectories] == MPI_REQUEST_NULL;
  if (state_ != State::kActing || !complete) return true;
  state_ = answer_.flag != 0 ? State::kIdle : State::kGivenUp;
  if (answer_.flag != 0) put_segment();
  return true;
}

void MpiActorLink::put_segment() {
  if (buffers_ == LinkBuffers::kOwn) std::copy_n(segment_.data(), segment_bytes_, queues_.free_slot(actor_).data());
  note_.collecting_seconds = answer_.collecting_seconds;
  note_.receiving_seconds = static_cast<double>(answer_.receiving_seconds);
  note_.sending_seconds = monotonic_seconds() - answered_seconds_;
  queues_.put(actor_, note_);
  ++finished_;
}

bool MpiActorLink::send_permit(bool charged) {
  if (state_ != State::kIdle || !free_to_send()) return false;
  const std::span<std::byte> slot = queues_.free_slot(actor_);
  if (slot.empty()) return false;
  const ParameterVersions::Held held = versions_.hold_latest(actor_);
  const bool newer = version_ != held.number;
  note_.version = held.number;
  note_.charged = charged;
  note_.restarted = std::exchange(anew_, false);
  permit_.flag = static_cast<std::uint16_t>((charged ? kPermitCharged : 0) | (newer ? kPermitWeightsFollow : 0));
  const std::span<std::byte> into = buffers_ == LinkBuffers::kOwn ? segment_.span() : slot.first(segment_bytes_);
  // Before the permit leaves, so that whatever comes back finds its place.
  requests_[kAnswer] = start_receive(peer_, kHeaderTag, std::span(&answer_, 1));
  requests_[kTrajectories] = start_receive(peer_, kTrajectoriesTag, into);
  requests_[kPermit] = post_send(peer_, kHeaderTag, one(permit_));
  if (newer) {
    send_weights(held);
  } else {
    versions_.release(actor_);
  }
  state_ = State::kActing;
  ++begun_;
  return true;
}

void MpiActorLink::send_weights(const ParameterVersions::Held& held) {
  const float* from = held.parameters;
  if (buffers_ == LinkBuffers::kOwn) {
    std::copy_n(held.parameters, parameter_count_, weights_.data());
    versions_.release(actor_);
    from = weights_.data();
  }
  requests_[kWeights] = post_send(peer_, kWeightsTag, std::span<const float>(from, parameter_count_));
  version_ = held.number;
}

bool MpiActorLink::send_end() {
  if (!waits() || !free_to_send()) return false;
  permit_ = {RoundCommand::kEnd, 0, 0.0F, 0.0};
  requests_[kPermit] = post_send(peer_, kHeaderTag, one(permit_));
  state_ = State::kEnded;
  return true;
}

}  // namespace prl

// What crosses workers, counted at the one seam where it crosses: bytes, messages and seconds, by purpose.
//
// A message counts with its payload, whether it is copied or read in place from shared memory: the counts say what a
// topology has to move, the seconds what moving it cost. `transfer_seconds` is the time this worker spent handing over
// or taking in data that was there; `waiting_seconds` is the time it spent waiting for a peer to have it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace prl {

enum class Purpose { kWeights, kTrajectories, kGradients, kControl };
inline constexpr int kPurposeCount = 4;
constexpr std::string_view name_of(Purpose purpose) {
  constexpr std::array<std::string_view, kPurposeCount> kNames = {"weights", "trajectories", "gradients", "control"};
  return kNames[static_cast<std::size_t>(purpose)];
}

struct CommunicationCount {
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  double transfer_seconds = 0.0;
  double waiting_seconds = 0.0;
};

// One worker's counts. Not synchronised: each worker owns its own, in shared memory where others read it.
class CommunicationLedger {
 public:
  void add_message(Purpose purpose, std::size_t bytes) {
    auto& count = counts_[static_cast<std::size_t>(purpose)];
    count.bytes += bytes;
    ++count.messages;
  }
  void add_transfer(Purpose purpose, double seconds) { at(purpose).transfer_seconds += seconds; }
  void add_waiting(Purpose purpose, double seconds) { at(purpose).waiting_seconds += seconds; }
  void add(const CommunicationLedger& other) {
    for (std::size_t p = 0; p < counts_.size(); ++p) {
      counts_[p].bytes += other.counts_[p].bytes;
      counts_[p].messages += other.counts_[p].messages;
      counts_[p].transfer_seconds += other.counts_[p].transfer_seconds;
      counts_[p].waiting_seconds += other.counts_[p].waiting_seconds;
    }
  }
  const CommunicationCount& of(Purpose purpose) const { return counts_[static_cast<std::size_t>(purpose)]; }
  void reset() { counts_ = {}; }
  void add(Purpose purpose, const CommunicationCount& other) {
    CommunicationCount& count = at(purpose);
    count.bytes += other.bytes;
    count.messages += other.messages;
    count.transfer_seconds += other.transfer_seconds;
    count.waiting_seconds += other.waiting_seconds;
  }

 private:
  CommunicationCount& at(Purpose purpose) { return counts_[static_cast<std::size_t>(purpose)]; }
  std::array<CommunicationCount, kPurposeCount> counts_{};
};

// Seconds on the monotonic clock.
inline double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace prl

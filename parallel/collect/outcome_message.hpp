// A step's outcomes of one worker's environments as one message:
//
//   rewards[n]  observations[n][O]  ends[n] (bytes)  final_observations[e][O] of the e environments that ended, in order
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/actor.hpp"
#include "core/aligned_buffer.hpp"
#include "parallel/collect/step_link.hpp"

namespace prl {

class OutcomeMessage {
 public:
  OutcomeMessage(int environments, int observation_size);

  // The outcomes of the batch's last step, valid until the next call. step_link.hpp says how long it is.
  std::span<const std::byte> pack(const EnvironmentBatch& batch);

  // Where a message is to be received, as long as the longest.
  std::span<std::byte> buffer() { return bytes_.span(); }

  // Writes the message in buffer() into `rows`, of which row `first` is the message's first environment. Returns the
  // number of environments that ended.
  int unpack(int first, const OutcomeRows& rows) const;

 private:
  int environments_;
  int observation_size_;
  AlignedBuffer<float> observations_;
  AlignedBuffer<std::byte> bytes_;
};

}  // namespace prl

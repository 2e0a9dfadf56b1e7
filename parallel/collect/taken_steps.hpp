// What crosses of a worker's blocks: all of them, or, of rounds of whole episodes, the steps that were taken. A round of
// short episodes has a small part of the steps that its quota can take.
//
// Message of one environment with n steps taken: n (4 bytes), then the first n rows of every column in the order of the
// block (core/segment.hpp), without gaps. Observations at cuts are of rollouts, not of whole episodes.
#pragma once

#include <cstddef>
#include <span>

#include "core/segment.hpp"

namespace prl {

// Bytes that cross for the blocks of `part`: in a message, or, where they are read in place, as if it was one.
std::size_t crossing_bytes(const SegmentView& part);

// The most that crossing_bytes() can be, by which buffers are made.
std::size_t most_crossing_bytes(const SegmentView& part);

// Writes the message of all environments of `part`, whose layout is of whole episodes, to `to`. Returns its bytes.
std::size_t pack_taken_steps(const SegmentView& part, std::span<std::byte> to);

// Restores from such a message what was taken, and marks the rest of each environment's steps as absent.
void unpack_taken_steps(std::span<const std::byte> from, const SegmentView& part);

}  // namespace prl

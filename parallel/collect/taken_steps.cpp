#include "parallel/collect/taken_steps.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace prl {
namespace {

// A column of a block: where it starts, and the bytes of a row.
struct Column {
  std::byte* start;
  std::size_t row_bytes;
};

std::array<Column, 7> columns_of(const SegmentLayout& layout, const TrajectoryView& block) {
  const auto of_floats = [](float* start, int width) {
    return Column{reinterpret_cast<std::byte*>(start), static_cast<std::size_t>(width) * sizeof(float)};
  };
  return {of_floats(block.observations, layout.observation_size),
          of_floats(block.actions, layout.action_size),
          of_floats(block.log_probs, 1),
          of_floats(block.values, 1),
          of_floats(block.rewards, 1),
          of_floats(block.bootstrap, 1),
          Column{reinterpret_cast<std::byte*>(block.ends), 1}};
}

std::size_t message_bytes(const SegmentLayout& layout, int steps) {
  const auto row_bytes = static_cast<std::size_t>(layout.observation_size + layout.action_size + 4) * sizeof(float) + 1;
  return sizeof(std::uint32_t) + static_cast<std::size_t>(steps) * row_bytes;
}

}  // namespace

std::size_t crossing_bytes(const SegmentView& part) {
  if (!part.layout().whole_episodes) return part.size_bytes();
  std::size_t bytes = 0;
  for (int i = 0; i < part.count(); ++i) {
    bytes += message_bytes(part.layout(), present_steps(part.trajectory(i).ends, part.layout().steps));
  }
  return bytes;
}

std::size_t most_crossing_bytes(const SegmentView& part) {
  if (!part.layout().whole_episodes) return part.size_bytes();
  return static_cast<std::size_t>(part.count()) * message_bytes(part.layout(), part.layout().steps);
}

std::size_t pack_taken_steps(const SegmentView& part, std::span<std::byte> to) {
  std::byte* next = to.data();
  for (int i = 0; i < part.count(); ++i) {
    const TrajectoryView block = part.trajectory(i);
    const auto steps = static_cast<std::uint32_t>(present_steps(block.ends, part.layout().steps));
    std::memcpy(next, &steps, sizeof(steps));
    next += sizeof(steps);
    for (const Column& column : columns_of(part.layout(), block)) {
      next = std::copy_n(column.start, steps * column.row_bytes, next);
    }
  }
  return static_cast<std::size_t>(next - to.data());
}

void unpack_taken_steps(std::span<const std::byte> from, const SegmentView& part) {
  const std::byte* next = from.data();
  for (int i = 0; i < part.count(); ++i) {
    const TrajectoryView block = part.trajectory(i);
    std::uint32_t steps = 0;
    std::memcpy(&steps, next, sizeof(steps));
    next += sizeof(steps);
    for (const Column& column : columns_of(part.layout(), block)) {
      std::copy_n(next, steps * column.row_bytes, column.start);
      next += steps * column.row_bytes;
    }
    std::fill(block.ends + steps, block.ends + part.layout().steps, kAbsent);
  }
}

}  // namespace prl

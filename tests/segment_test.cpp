// A segment's blocks: their size in closed form, and every field in its own bytes.
#include "core/segment.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/catch2.hpp"

namespace {

using prl::AlignedBuffer;
using prl::SegmentLayout;
using prl::SegmentView;
using prl::TrajectoryView;

// Sets each byte that a field owns to the field's number, counting bytes that another field had taken.
template <typename T>
int claim(T* field, int count, std::byte number) {
  int taken = 0;
  auto* bytes = reinterpret_cast<std::byte*>(field);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count) * sizeof(T); ++i) {
    taken += bytes[i] != std::byte{0};
    bytes[i] = number;
  }
  return taken;
}

int claim_all(const SegmentLayout& layout, const TrajectoryView& view) {
  const int steps = layout.steps;
  return claim(view.observations, steps * layout.observation_size, std::byte{1}) +
         claim(view.actions, steps * layout.action_size, std::byte{2}) + claim(view.log_probs, steps, std::byte{3}) +
         claim(view.values, steps, std::byte{4}) + claim(view.rewards, steps, std::byte{5}) +
         claim(view.bootstrap, steps, std::byte{6}) +
         claim(view.cut_observations, layout.cut_rows * layout.observation_size, std::byte{7}) +
         (layout.action_values ? claim(view.chosen_values, steps, std::byte{9}) : 0) +
         claim(view.ends, steps, std::byte{8}) + claim(view.kept_state, layout.state_bytes, std::byte{10});
}

}  // namespace

TEST_CASE("A block's size is its closed form, rounded up to cache lines") {
  CHECK(SegmentLayout{128, 3, 1}.block_bytes() == 128 * (8 * 4 + 1));
  CHECK(SegmentLayout{1, 3, 1}.block_bytes() == 64);
  CHECK(SegmentLayout{2, 3, 1}.block_bytes() == 128);
  CHECK(SegmentLayout{100, 4, 1}.block_bytes() == (100 * (9 * 4 + 1) + 63) / 64 * 64);
  CHECK(SegmentLayout{128, 3, 1, 4}.block_bytes() == 128 * (8 * 4 + 1) + 64);
  CHECK(SegmentLayout{128, 3, 1, 4, true}.block_bytes() == 128 * (9 * 4 + 1) + 64);
}

TEST_CASE("No two fields share a byte and no block reaches into the next") {
  for (const SegmentLayout& layout :
       {SegmentLayout{1, 1, 1}, SegmentLayout{7, 3, 2}, SegmentLayout{64, 4, 1}, SegmentLayout{7, 3, 2, 2},
        SegmentLayout{7, 3, 2, 2, true}, SegmentLayout{5, 3, 1, 0, true}, SegmentLayout{7, 3, 2, 2, true, false, 21}}) {
    constexpr int kEnvironments = 3;
    AlignedBuffer<std::byte> bytes(layout.block_bytes() * kEnvironments);
    const SegmentView segment(layout, bytes.data(), 5, kEnvironments);
    CHECK(segment.size_bytes() == bytes.size());
    for (int i = 0; i < kEnvironments; ++i) {
      const TrajectoryView view = segment.trajectory(i);
      CHECK(claim_all(layout, view) == 0);
      CHECK((view.chosen_values != nullptr) == layout.action_values);
      const std::byte* block = bytes.data() + static_cast<std::size_t>(i) * layout.block_bytes();
      CHECK(reinterpret_cast<std::byte*>(view.observations) == block);
      CHECK(view.kept_state + layout.state_bytes <= block + layout.block_bytes());
      CHECK(reinterpret_cast<std::uintptr_t>(block) % prl::kCacheLineBytes == 0);
    }
    std::size_t used = 0;
    for (const std::byte b : bytes.span()) used += b != std::byte{0};
    CHECK(used == kEnvironments *
                      (layout.floats() * sizeof(float) + static_cast<std::size_t>(layout.steps + layout.state_bytes)));
  }
}

TEST_CASE("A part of a segment shows the same blocks under the same numbers") {
  const SegmentLayout layout{7, 3, 1};
  AlignedBuffer<std::byte> bytes(layout.block_bytes() * 6);
  const SegmentView whole(layout, bytes.data(), 10, 6);
  const SegmentView part = whole.part(12, 3);
  const SegmentView part_of_part = part.part(13, 1);
  CHECK(part.first() == 12);
  CHECK(part.count() == 3);
  CHECK(part.size_bytes() == 3 * layout.block_bytes());
  for (int i = 0; i < 3; ++i) CHECK(part.trajectory(i).rewards == whole.trajectory(2 + i).rewards);
  CHECK(part_of_part.trajectory(0).ends == whole.trajectory(3).ends);
}

TEST_CASE("No order of truncations within a time limit of each other needs more rows than most_cuts") {
  for (const int time_limit : {1, 2, 3, 7}) {
    for (int steps = 1; steps <= 25; ++steps) {
      int most = 0;
      for (int first = 0; first < time_limit; ++first) {
        std::vector<std::uint8_t> ends(static_cast<std::size_t>(steps), 0);
        for (int t = first; t < steps; t += time_limit) ends[static_cast<std::size_t>(t)] = prl::kTruncated;
        int cuts = 0;
        for (int t = 0; t < steps; ++t) cuts += prl::is_cut(ends.data(), steps, t);
        most = std::max(most, cuts);
      }
      CAPTURE(time_limit, steps, most);
      CHECK(most <= prl::most_cuts(steps, time_limit));
      CHECK(most >= prl::most_cuts(steps, time_limit) - 1);
    }
  }
}

TEST_CASE("Cuts are truncations and a segment's end inside an episode") {
  const std::vector<std::uint8_t> ends = {0, prl::kTerminated, prl::kTruncated, prl::kTerminated | prl::kTruncated, 0};
  const std::vector<bool> expected = {false, false, true, false, true};
  for (int t = 0; t < 5; ++t) CHECK(prl::is_cut(ends.data(), 5, t) == expected[static_cast<std::size_t>(t)]);
}

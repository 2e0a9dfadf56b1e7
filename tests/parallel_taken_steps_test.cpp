// Trajectories of whole episodes cross as the steps that were taken: their number, the rows of every column and nothing
// else, and arrive as they were.
#include "parallel/collect/taken_steps.hpp"

#include <algorithm>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_fakes.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr SegmentLayout kLayout{.steps = 9, .observation_size = 3, .action_size = 2, .whole_episodes = true};
const std::vector<int> kTaken = {4, 9, 1};
constexpr int kFirst = 5;  // of the run's environments

// Every float is one of its own; steps that were not taken hold `absent`.
void fill(const SegmentView& part, float absent) {
  for (int i = 0; i < part.count(); ++i) {
    const TrajectoryView block = part.trajectory(i);
    const int taken = kTaken[static_cast<std::size_t>(i)];
    std::uint32_t number = 0;
    const auto column = [&](float* start, int width) {
      for (int k = 0; k < kLayout.steps * width; ++k) {
        start[k] = k < taken * width ? mixed(static_cast<std::uint32_t>(i), number, 0, 0) : absent;
        ++number;
      }
    };
    column(block.observations, kLayout.observation_size);
    column(block.actions, kLayout.action_size);
    for (float* start : {block.log_probs, block.values, block.rewards, block.bootstrap}) column(start, 1);
    for (int t = 0; t < kLayout.steps; ++t) block.ends[t] = t % 3 == 0 ? kTerminated : std::uint8_t{0};
    std::fill(block.ends + taken, block.ends + kLayout.steps, kAbsent);
  }
}

}  // namespace

TEST_CASE("the steps that were taken arrive as they were, and the others as absent") {
  const auto environments = static_cast<int>(kTaken.size());
  AlignedBuffer<std::byte> sent(kTaken.size() * kLayout.block_bytes());
  AlignedBuffer<std::byte> expected(sent.size());
  AlignedBuffer<std::byte> received(sent.size());
  const SegmentView from(kLayout, sent.data(), kFirst, environments);
  const SegmentView to(kLayout, received.data(), kFirst, environments);
  fill(from, -1.0F);
  fill(SegmentView(kLayout, expected.data(), kFirst, environments), -2.0F);
  // What was there before: floats of another round, none of them absent.
  fill(to, -2.0F);
  for (int i = 0; i < environments; ++i) {
    const TrajectoryView block = to.trajectory(i);
    std::fill_n(block.ends, kLayout.steps, std::uint8_t{0});
    for (int k = 0; k < kTaken[static_cast<std::size_t>(i)]; ++k) block.rewards[k] = -3.0F;
  }
  std::vector<std::byte> message(most_crossing_bytes(from));
  const std::size_t bytes = pack_taken_steps(from, message);
  // 3 observations, 2 actions, 4 more floats and a byte a step; 4 bytes an environment.
  CHECK(bytes == 3 * 4 + (4 + 9 + 1) * (4 * (3 + 2 + 4) + 1));
  CHECK(bytes == crossing_bytes(from));
  CHECK(message.size() == 3 * (4 + 9 * (4 * (3 + 2 + 4) + 1)));
  unpack_taken_steps(std::span(message).first(bytes), to);
  CHECK(std::equal(received.data(), received.data() + received.size(), expected.data()));
}

TEST_CASE("blocks of a fixed number of steps cross whole") {
  AlignedBuffer<std::byte> blocks(2 * kLayout.block_bytes());
  const SegmentView part({9, 3, 2}, blocks.data(), 0, 2);
  CHECK(crossing_bytes(part) == part.size_bytes());
  CHECK(most_crossing_bytes(part) == part.size_bytes());
}

// Returns of the device's kernels, run on the host, against the rules' own.
#include "device/returns.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "algorithms/generalised_advantage.hpp"
#include "algorithms/vtrace.hpp"
#include "core/random.hpp"
#include "device/policy_rollout_run.hpp"
#include "tests/catch2.hpp"

namespace {

constexpr int kSteps = 60;
constexpr int kEnvironments = 37;

// A made-up segment with ends of every kind; bootstrap values where core/segment.hpp has them.
struct MadeUp {
  MadeUp() : segment(kSteps, kEnvironments, 1, 1), log_ratios(segment.view().rows()) {
    prl::Rng rng(3, prl::RandomPurpose::kTable, 0, 0);
    for (float& x : segment.floats()) x = rng.normal();
    for (float& x : log_ratios) x = rng.normal();
    for (std::uint8_t& end : segment.ends()) end = static_cast<std::uint8_t>(rng.below(8) < 6 ? 0 : rng.below(4));
    for (std::size_t row = 0; row < segment.ends().size(); ++row) {
      const bool last = row / kEnvironments == kSteps - 1;
      const bool cut = segment.ends()[row] == prl::kTruncated || (last && segment.ends()[row] == 0);
      if (!cut) segment.view().bootstrap[row] = 0.0F;
    }
  }

  prl::HostSegment segment;
  std::vector<float> log_ratios;
};

std::vector<float> column(const float* values, int environment) {
  std::vector<float> of_one;
  for (std::size_t t = 0; t < kSteps; ++t) {
    of_one.push_back(values[t * kEnvironments + static_cast<std::size_t>(environment)]);
  }
  return of_one;
}

}  // namespace

TEST_CASE("Advantages and returns of a time-major segment have the bits of the processor's") {
  const MadeUp made;
  const prl::TimeMajorSegment& segment = made.segment.view();
  std::vector<float> advantages(segment.rows()), returns(segment.rows());
  prl::for_each_thread(prl::covering_blocks(kEnvironments, 8), 8, [&](const prl::ThreadIndex& index) {
    prl::device_generalised_advantage(index, segment, 0.97F, 0.9F, advantages.data(), returns.data());
  });
  const prl::SegmentLayout layout{kSteps, 1, 1};
  prl::AlignedBuffer<std::byte> bytes(layout.block_bytes() * kEnvironments);
  const prl::SegmentView blocks(layout, bytes.data(), 0, kEnvironments);
  prl::copy_to_blocks(segment, blocks);
  std::vector<float> expected_advantages(kSteps), expected_returns(kSteps);
  for (int i = 0; i < kEnvironments; ++i) {
    prl::generalised_advantage(blocks.trajectory(i), kSteps, 0.97F, 0.9F, expected_advantages, expected_returns);
    REQUIRE(column(advantages.data(), i) == expected_advantages);
    REQUIRE(column(returns.data(), i) == expected_returns);
  }
}

TEST_CASE("V-trace of a time-major segment has the bits of the processor's") {
  const MadeUp made;
  const prl::TimeMajorSegment& segment = made.segment.view();
  std::vector<float> targets(segment.rows()), advantages(segment.rows());
  for (const prl::DeviceVtrace& c : {prl::DeviceVtrace{}, prl::DeviceVtrace{0.9F, 0.8F, 1.5F, 0.7F}}) {
    prl::for_each_thread(prl::covering_blocks(kEnvironments, 8), 8, [&](const prl::ThreadIndex& index) {
      prl::device_vtrace(index, segment, made.log_ratios.data(), c, targets.data(), advantages.data());
    });
    std::vector<float> expected_targets(kSteps), expected_advantages(kSteps);
    for (int i = 0; i < kEnvironments; ++i) {
      const std::vector<float> rewards = column(segment.rewards, i);
      const std::vector<float> log_ratios = column(made.log_ratios.data(), i);
      const std::vector<float> values = column(segment.values, i);
      const std::vector<float> bootstrap = column(segment.bootstrap, i);
      std::vector<std::uint8_t> ends;
      for (int t = 0; t < kSteps; ++t) ends.push_back(segment.ends[segment.row(t, i)]);
      prl::vtrace({rewards.data(), ends.data(), log_ratios.data(), values.data(), bootstrap.data()}, kSteps,
                  {c.gamma, c.lambda, c.rho_bar, c.c_bar}, expected_targets, expected_advantages);
      REQUIRE(column(targets.data(), i) == expected_targets);
      REQUIRE(column(advantages.data(), i) == expected_advantages);
    }
  }
}

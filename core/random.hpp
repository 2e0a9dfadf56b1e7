// Counter-based random numbers: Philox4x32-10.
//
//   (word_0 .. word_3) = Philox_key(counter), ten rounds of multiply, swap and key bump.
//
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), section 3.3.
// Deviation: none in the bijection; the counter is laid out for this suite (below).
//
// The key is the run's seed. The counter names what the number is for: (step, environment, purpose, draw). No stream
// depends on which worker steps an environment or in what order, which is what lets every lock-step mode produce the
// same bits.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "core/float_math.hpp"
#include "core/host_device.hpp"

namespace prl {

using PhiloxBlock = std::array<std::uint32_t, 4>;

// What a stream of numbers is drawn for. Values are part of the results: appending is safe, renumbering is not.
enum class RandomPurpose : std::uint32_t {
  kReset = 0,
  kAction = 1,
  kShuffle = 2,
  kInitialisation = 3,
  kEvaluationReset = 4,
  kEvaluationAction = 5,
  kTable = 6,       // making a table of transitions from a seed
  kTransition = 7,  // a table's next state
  kReplay = 8,      // which transitions a batch is made of
  kStepCost = 9,    // how much more or less than the mean a step costs
  kCodec = 20,      // how gradients are rounded or thinned out on their way
};

// One application of the bijection. `counter` and the result are four 32-bit words, `key` two.
PRL_HOST_DEVICE constexpr PhiloxBlock philox4x32_10(PhiloxBlock counter, std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53u;
  constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57u;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9u;
  constexpr std::uint32_t kWeyl1 = 0xBB67AE85u;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = kMultiplier0 * counter[0];
    const std::uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

// The stream of one (seed, purpose, environment, step). Draws are numbered from 0; copying the object copies the
// position. Cheap to make: two words of state beside the current block.
class Rng {
 public:
  PRL_HOST_DEVICE Rng(std::uint64_t seed, RandomPurpose purpose, std::uint32_t environment, std::uint64_t step)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        counter_{static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32), environment,
                 static_cast<std::uint32_t>(purpose) << 24} {}

  // Uniform 32-bit word.
  PRL_HOST_DEVICE std::uint32_t next_word() {
    if (used_ == 4) {
      block_ = philox4x32_10(counter_, key_);
      ++counter_[3];
      used_ = 0;
    }
    return block_[used_++];
  }

  // Uniform in [0, 1): 24 bits for float, 53 for double, so that every value is exact and 1 is never returned.
  template <typename Real>
  PRL_HOST_DEVICE Real uniform() {
    if constexpr (sizeof(Real) == sizeof(float)) {
      return static_cast<Real>(next_word() >> 8) * static_cast<Real>(0x1p-24);
    } else {
      const std::uint64_t high = next_word() >> 5;
      const std::uint64_t low = next_word() >> 6;
      return (static_cast<Real>(high) * 67108864.0 + static_cast<Real>(low)) * 0x1p-53;
    }
  }

  // Uniform from low to high; `high` itself only where rounding gives it.
  template <typename Real>
  PRL_HOST_DEVICE Real uniform(Real low, Real high) {
    return low + (high - low) * uniform<Real>();
  }

  // Uniform integer in [0, bound), bound > 0, by multiply-shift; bias below bound / 2^32.
  PRL_HOST_DEVICE std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(next_word()) * bound) >> 32);
  }

  // Standard normal, Box-Muller: sqrt(-2 ln u1) cos(2 pi u2) with u1 in (0, 1]. Two words a draw.
  PRL_HOST_DEVICE float normal() {
    const float u1 = (static_cast<float>(next_word() >> 8) + 1.0F) * 0x1p-24F;
    const float u2 = uniform<float>();
    return std::sqrt(-2.0F * fast_log(u1)) * fast_cos(6.28318530717958648F * u2);
  }

 private:
  std::array<std::uint32_t, 2> key_;
  PhiloxBlock counter_;
  PhiloxBlock block_{};
  std::uint32_t used_ = 4;
};

}  // namespace prl

// Actions of a policy that looks at nothing: each uniform over the action space, as Gymnasium's action_space.sample().
//
//   a_t = f(word t mod 4 of Philox_seed(floor(t / 4), environment, kAction)),
//   f(w) = floor(w n / 2^32) of n discrete actions, -b + 2 b (w >> 8) 2^-24 in [-b, b)
//
// A block of four words serves four steps, because the generator costs about as much as a step of a small environment.
#pragma once

#include <cstdint>

#include "core/environment.hpp"
#include "core/host_device.hpp"
#include "core/random.hpp"

namespace prl {

template <Environment E>
class RandomPolicy {
 public:
  using Scalar = typename E::Scalar;
  static_assert(E::kActionSize == 1, "a word a step chooses one number");

  // Of one environment, from that step of the run on.
  PRL_HOST_DEVICE RandomPolicy(std::uint64_t seed, std::uint32_t environment, std::uint64_t step)
      : seed_(seed), environment_(environment), step_(step) {
    if (step % 4 == 0) return;
    refill();
    for (std::uint64_t passed = 0; passed < step % 4; ++passed) shift();
  }

  // The next step's action.
  PRL_HOST_DEVICE Scalar next() {
    if (step_ % 4 == 0) refill();
    const std::uint32_t word = word0_;
    shift();
    ++step_;
    if constexpr (E::kDiscrete) {
      return static_cast<Scalar>((static_cast<std::uint64_t>(word) * E::kActionCount) >> 32);
    } else {
      return -E::kActionBound + 2 * E::kActionBound * (static_cast<Scalar>(word >> 8) * static_cast<Scalar>(0x1p-24));
    }
  }

 private:
  PRL_HOST_DEVICE void refill() {
    Rng rng(seed_, RandomPurpose::kAction, environment_, step_ / 4);
    word0_ = rng.next_word();
    word1_ = rng.next_word();
    word2_ = rng.next_word();
    word3_ = rng.next_word();
  }

  // Words move up instead of being indexed: an array with a running index would not stay in a device's registers.
  PRL_HOST_DEVICE void shift() {
    word0_ = word1_;
    word1_ = word2_;
    word2_ = word3_;
  }

  std::uint64_t seed_;
  std::uint32_t environment_;
  std::uint64_t step_;
  std::uint32_t word0_ = 0;
  std::uint32_t word1_ = 0;
  std::uint32_t word2_ = 0;
  std::uint32_t word3_ = 0;
};

}  // namespace prl

// The body of the random-step kernel, run on the host, against VectorEnv.
#include "device/random_steps.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/vector_env.hpp"
#include "device/environment_types.hpp"
#include "envs/acrobot.hpp"
#include "envs/cartpole.hpp"
#include "envs/mountain_car.hpp"
#include "envs/mountain_car_continuous.hpp"
#include "envs/pendulum.hpp"
#include "envs/registry.hpp"
#include "tests/catch2.hpp"

namespace {

using prl::Acrobot;
using prl::CartPole;
using prl::EnvironmentArrays;
using prl::MountainCar;
using prl::MountainCarContinuous;
using prl::Pendulum;
using prl::RandomPurpose;
using prl::Rng;
using prl::ThreadIndex;

constexpr std::uint64_t kSeed = 0x123456789ABCDEFu;
constexpr std::uint32_t kFirst = 1000;

// The documented rule of device/random_policy.hpp, word by word.
template <typename E>
float documented_action(std::uint32_t environment, std::uint64_t step) {
  Rng rng(kSeed, RandomPurpose::kAction, environment, step / 4);
  for (std::uint64_t passed = 0; passed < step % 4; ++passed) rng.next_word();
  if constexpr (E::kDiscrete) {
    return static_cast<float>(rng.below(E::kActionCount));
  } else {
    return rng.uniform(-E::kActionBound, E::kActionBound);
  }
}

// Environments of a device, their memory on the host.
template <typename E>
struct HostMemory {
  explicit HostMemory(int count)
      : states(static_cast<std::size_t>(count) * E::kStateSize),
        elapsed(static_cast<std::size_t>(count)),
        rewards(static_cast<std::size_t>(count)),
        episodes(static_cast<std::size_t>(count)),
        arrays{kSeed, kFirst, count, states.data(), elapsed.data()} {}

  std::vector<float> states;
  std::vector<std::int32_t> elapsed;
  std::vector<float> rewards;
  std::vector<std::int32_t> episodes;
  EnvironmentArrays<E> arrays;
};

template <typename E>
std::array<std::uint32_t, E::kStateSize> bits(const typename E::State& state) {
  return std::bit_cast<std::array<std::uint32_t, E::kStateSize>>(state);
}

}  // namespace

TEMPLATE_TEST_CASE("A segment of random steps leaves VectorEnv's states, rewards and episodes, bit by bit", "",
                   CartPole<float>, Pendulum<float>, MountainCar<float>, MountainCarContinuous<float>, Acrobot<float>) {
  using E = TestType;
  constexpr int kCount = 75;  // a last block that is not full
  constexpr int kBlockThreads = 32;
  const int blocks = prl::covering_blocks(kCount, kBlockThreads);
  HostMemory<E> memory(kCount);
  prl::for_each_thread(blocks, kBlockThreads,
                       [&](const ThreadIndex& index) { prl::begin_episode(index, memory.arrays, 0); });
  prl::VectorEnv<E> expected(kSeed, kFirst, kCount);
  std::vector<float> actions(kCount);
  std::uint64_t step = 0;
  int episodes = 0;
  // Lengths that leave the position within a block of four words at every remainder.
  for (const int steps : {1, 2, 3, 514, 601}) {
    const auto first_step = step;
    prl::for_each_thread(blocks, kBlockThreads, [&](const ThreadIndex& index) {
      prl::take_random_steps(index, memory.arrays, first_step, steps, {memory.rewards.data(), memory.episodes.data()});
    });
    std::vector<float> rewards(kCount, 0.0F);
    std::vector<std::int32_t> ended(kCount, 0);
    for (int t = 0; t < steps; ++t, ++step) {
      for (std::uint32_t i = 0; i < kCount; ++i) actions[i] = documented_action<E>(kFirst + i, step);
      expected.step(actions.data());
      for (std::size_t i = 0; i < kCount; ++i) {
        rewards[i] += expected.rewards()[i];
        ended[i] += expected.ends()[i] != 0;
      }
    }
    for (int i = 0; i < kCount; ++i) {
      const auto n = static_cast<std::size_t>(i);
      REQUIRE(bits<E>(memory.arrays.load(i)) == bits<E>(expected.state(i)));
      REQUIRE(std::bit_cast<std::uint32_t>(memory.rewards[n]) == std::bit_cast<std::uint32_t>(rewards[n]));
      REQUIRE(memory.episodes[n] == ended[n]);
      episodes += ended[n];
    }
  }
  CHECK(episodes >= kCount);
}

TEST_CASE("Random actions are uniform over the action space") {
  constexpr int kSteps = 30000;
  std::array<int, 3> counts{};
  prl::RandomPolicy<MountainCar<float>> discrete(kSeed, 3, 1);
  for (int t = 0; t < kSteps; ++t) ++counts.at(static_cast<std::size_t>(discrete.next()));
  // Five standard deviations of a binomial with p = 1/3.
  for (const int count : counts) CHECK(std::abs(count - kSteps / 3) < 5 * 82);

  prl::RandomPolicy<Pendulum<float>> continuous(kSeed, 3, 2);
  double sum = 0.0, squares = 0.0, largest = 0.0;
  for (int t = 0; t < kSteps; ++t) {
    const double action = continuous.next();
    sum += action;
    squares += action * action;
    largest = std::max(largest, std::abs(action));
  }
  CHECK(std::abs(sum / kSteps) < 5 * 2.0 / std::sqrt(3.0 * kSteps));
  CHECK(squares / kSteps == Approx(4.0 / 3.0).margin(0.05));
  CHECK(largest <= 2.0);
  CHECK(largest > 1.99);
}

TEST_CASE("Kernels are built for the registry's environments") {
  for (const prl::EnvironmentEntry* entry : prl::environments()) {
    CHECK(prl::visit_environment(entry->info().name, [](auto) {}));
  }
  CHECK_FALSE(prl::visit_environment("CartPole-v0", [](auto) {}));
}

// VectorEnv against the scalar step, and its independence of how environments are split over workers.
#include "core/vector_env.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "envs/acrobot.hpp"
#include "envs/cartpole.hpp"
#include "envs/mountain_car.hpp"
#include "envs/mountain_car_continuous.hpp"
#include "envs/pendulum.hpp"
#include "tests/catch2.hpp"

namespace {

using prl::Acrobot;
using prl::CartPole;
using prl::MountainCar;
using prl::MountainCarContinuous;
using prl::Pendulum;
using prl::RandomPurpose;
using prl::Rng;
using prl::VectorEnv;

constexpr std::uint64_t kSeed = 20240607;

// The action of one environment in one step, by purpose and number, so that every split uses the same.
template <typename E>
float action_of(std::uint32_t environment, std::uint64_t step) {
  Rng rng(kSeed, RandomPurpose::kAction, environment, step);
  if constexpr (E::kDiscrete) return static_cast<float>(rng.below(E::kActionCount));
  return rng.uniform(-2.5F, 2.5F);
}

// Some environments, stepped as one part of a split; everything visible is appended to a trace.
template <typename E>
class Part {
 public:
  Part(std::uint32_t first, int count)
      : first_(first),
        environments_(kSeed, first, count),
        actions_(static_cast<std::size_t>(count)),
        observations_(static_cast<std::size_t>(count) * E::kObservationSize) {}

  int step(std::uint64_t number) {
    for (std::size_t i = 0; i < actions_.size(); ++i) {
      actions_[i] = action_of<E>(first_ + static_cast<std::uint32_t>(i), number);
    }
    environments_.step(actions_.data());
    return environments_.finished();
  }

  void append_bits(std::vector<std::uint32_t>& trace) {
    environments_.observe(observations_.data());
    for (std::size_t i = 0; i < actions_.size(); ++i) {
      trace.push_back(environments_.ends()[i]);
      trace.push_back(std::bit_cast<std::uint32_t>(environments_.rewards()[i]));
      for (std::size_t k = i * E::kObservationSize; k < (i + 1) * E::kObservationSize; ++k) {
        trace.push_back(std::bit_cast<std::uint32_t>(observations_[k]));
        if (environments_.ends()[i] != 0) {
          trace.push_back(std::bit_cast<std::uint32_t>(environments_.final_observations()[k]));
        }
      }
    }
  }

 private:
  std::uint32_t first_;
  VectorEnv<E> environments_;
  std::vector<float> actions_;
  std::vector<float> observations_;
};

}  // namespace

TEMPLATE_TEST_CASE("Environments give the same bits however they are split over vector environments", "",
                   Pendulum<float>, CartPole<float>, Acrobot<float>, MountainCar<float>, MountainCarContinuous<float>) {
  using E = TestType;
  // Sizes on both sides of a register's width: the whole runs in full registers, the parts mostly in tails.
  for (const auto& [left_count, right_count] : {std::pair{3, 4}, std::pair{31, 70}}) {
    Part<E> whole(5, left_count + right_count);
    Part<E> left(5, left_count);
    Part<E> right(5 + static_cast<std::uint32_t>(left_count), right_count);
    constexpr std::uint64_t kSteps = 1100;
    int resets = 0;
    for (std::uint64_t step = 0; step < kSteps; ++step) {
      const int finished = whole.step(step);
      REQUIRE(finished == left.step(step) + right.step(step));
      resets += finished;
      std::vector<std::uint32_t> together, apart;
      whole.append_bits(together);
      left.append_bits(apart);
      right.append_bits(apart);
      REQUIRE(together == apart);
    }
    CHECK(resets >= static_cast<int>(kSteps) / E::kTimeLimit * (left_count + right_count));
  }
}

TEMPLATE_TEST_CASE("A vectorised step gives the bits of the environment's own step", "", Pendulum<float>,
                   CartPole<float>, Acrobot<float>, MountainCar<float>, MountainCarContinuous<float>, Pendulum<double>,
                   CartPole<double>, Acrobot<double>, MountainCar<double>, MountainCarContinuous<double>) {
  using E = TestType;
  using Scalar = typename E::Scalar;
  using Members = std::array<Scalar, E::kStateSize>;
  constexpr int kCount = 37;
  VectorEnv<E> environments(kSeed, 0, kCount);
  std::vector<float> actions(kCount), observations(kCount * E::kObservationSize);
  int compared = 0;
  for (std::uint64_t step = 0; step < 150; ++step) {
    std::vector<typename E::State> states;
    for (int i = 0; i < kCount; ++i) {
      states.push_back(environments.state(i));
      actions[static_cast<std::size_t>(i)] = action_of<E>(static_cast<std::uint32_t>(i), step);
    }
    environments.step(actions.data());
    environments.observe(observations.data());
    for (int i = 0; i < kCount; ++i) {
      const auto n = static_cast<std::size_t>(i);
      const auto action = static_cast<Scalar>(actions[n]);
      const typename E::Outcome outcome = E::step(states[n], &action);
      REQUIRE(environments.rewards()[n] == static_cast<float>(outcome.reward));
      REQUIRE(int{environments.ends()[n]} == (outcome.terminated ? int{prl::kTerminated} : 0));
      std::array<Scalar, E::kObservationSize> expected;
      E::observe(states[n], expected.data());
      const float* seen = outcome.terminated ? environments.final_observations() : observations.data();
      for (std::size_t k = 0; k < expected.size(); ++k) {
        REQUIRE(seen[n * expected.size() + k] == static_cast<float>(expected[k]));
      }
      if (outcome.terminated) continue;
      const auto after = std::bit_cast<Members>(environments.state(i));
      REQUIRE(after == std::bit_cast<Members>(states[n]));
      ++compared;
    }
  }
  CHECK(compared > 100 * kCount);
}

TEST_CASE("A reset draws from the stream of its seed, purpose, environment and step") {
  constexpr std::uint32_t kFirst = 11;
  for (const RandomPurpose purpose : {RandomPurpose::kReset, RandomPurpose::kEvaluationReset}) {
    VectorEnv<Pendulum<float>> environments(kSeed, kFirst, 3, purpose);
    const std::vector<float> actions(3, 0.5F);
    for (const std::uint64_t steps : {0u, 200u, 400u}) {
      for (int i = 0; i < 3; ++i) {
        Rng rng(kSeed, purpose, kFirst + static_cast<std::uint32_t>(i), steps);
        Pendulum<float>::State expected;
        Pendulum<float>::reset(expected, rng);
        REQUIRE(environments.state(i).theta == expected.theta);
        REQUIRE(environments.state(i).theta_dot == expected.theta_dot);
      }
      for (int step = 0; step < Pendulum<float>::kTimeLimit; ++step) {
        REQUIRE(environments.finished() == (step == 0 && steps > 0 ? 3 : 0));
        environments.step(actions.data());
      }
    }
  }
}

TEST_CASE("The time limit truncates, also in the step that terminates, and counts from the last reset") {
  using E = CartPole<float>;
  VectorEnv<E> environments(kSeed, 0, 3);
  const std::vector<float> actions(3, 1.0F);
  const E::State upright{0.0F, 0.0F, 0.0F, 0.0F};
  const E::State falling{0.0F, 0.0F, 0.2F, 3.0F};
  for (int step = 1; step <= E::kTimeLimit; ++step) {
    environments.set_state(0, upright);
    environments.set_state(1, step == E::kTimeLimit ? falling : upright);
    environments.set_state(2, step == 100 ? falling : upright);
    environments.step(actions.data());
    const bool last = step == E::kTimeLimit;
    REQUIRE(int{environments.ends()[0]} == (last ? int{prl::kTruncated} : 0));
    REQUIRE(int{environments.ends()[1]} == (last ? prl::kTerminated | prl::kTruncated : 0));
    REQUIRE(int{environments.ends()[2]} == (step == 100 ? int{prl::kTerminated} : 0));
    REQUIRE(environments.finished() == (last ? 2 : step == 100 ? 1 : 0));
  }
  for (int step = 1; step <= 100; ++step) {
    environments.set_state(2, upright);
    environments.step(actions.data());
    REQUIRE(int{environments.ends()[2]} == (step == 100 ? int{prl::kTruncated} : 0));
  }
}

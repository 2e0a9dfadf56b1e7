// The environments against the real Gymnasium, one step at a time from recorded states: open loop, one unit in the last
// place grows to 0.2 in 500 steps of CartPole.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "core/vector_env.hpp"
#include "envs/acrobot.hpp"
#include "envs/cartpole.hpp"
#include "envs/mountain_car.hpp"
#include "envs/mountain_car_continuous.hpp"
#include "envs/pendulum.hpp"
#include "tests/catch2.hpp"
#include "tests/gymnasium/records.hpp"

namespace {

using prl::Acrobot;
using prl::CartPole;
using prl::MountainCar;
using prl::MountainCarContinuous;
using prl::Pendulum;

// Errors are relative above 1 and absolute below: |actual - expected| / max(1, |expected|).
double scaled_error(double actual, double expected) {
  return std::abs(actual - expected) / std::max(1.0, std::abs(expected));
}

template <typename E>
constexpr bool kIsAcrobot = E::kName == Acrobot<double>::kName;

// Of member k of the state. An angle that Acrobot wraps is the same at both ends of [-pi, pi].
template <typename E>
double state_error(std::size_t k, double actual, double expected) {
  if (kIsAcrobot<E> && k < 2) return std::abs(std::remainder(actual - expected, 2 * std::numbers::pi));
  return scaled_error(actual, expected);
}

// How far a state is from where `terminated` changes.
template <typename E>
double distance_to_limit(const double* state) {
  if constexpr (kIsAcrobot<E>) {
    return std::abs(-std::cos(state[0]) - std::cos(state[0] + state[1]) - 1.0);
  } else if constexpr (E::kName == CartPole<double>::kName) {
    return std::min(std::abs(std::abs(state[0]) - 2.4), std::abs(std::abs(state[2]) - CartPole<double>::kMaxAngle));
  } else if constexpr (E::kName == Pendulum<double>::kName) {
    return std::numeric_limits<double>::infinity();
  } else {
    return std::min(std::abs(state[0] - static_cast<double>(E::kGoalPosition)), std::abs(state[1]));
  }
}

// Largest errors over many steps, and how many steps they were taken from.
struct Errors {
  double state = 0.0;
  double reward = 0.0;
  double observation = 0.0;
  int terminated_differs = 0;
  int steps = 0;
};

template <typename Real>
bool representable(double value) {
  return static_cast<double>(static_cast<Real>(value)) == value;
}

// The columns of one of an environment's files ("steps", "episodes" or "vector"), cut into the parts of a transition.
template <typename E>
struct Transitions {
  explicit Transitions(const std::string& kind)
      : records(prl::read_gymnasium_records(prl::record_stem(E::kName) + kind)) {
    action = records.column("action");
    reward = records.column("reward");
    terminated = records.column("terminated");
    truncated = records.column("truncated");
    state = action - E::kStateSize;
  }

  typename E::State state_of(const std::vector<double>& row) const {
    std::array<typename E::Scalar, E::kStateSize> members;
    for (std::size_t k = 0; k < members.size(); ++k) members[k] = static_cast<typename E::Scalar>(row[state + k]);
    return std::bit_cast<typename E::State>(members);
  }

  // Whether state and action are exact in the environment's precision, so that the comparison starts from one state.
  bool exact_in_scalar(const std::vector<double>& row) const {
    return std::all_of(row.begin() + static_cast<std::ptrdiff_t>(state),
                       row.begin() + static_cast<std::ptrdiff_t>(action) + 1, representable<typename E::Scalar>);
  }

  prl::GymnasiumRecords records;
  std::size_t state, action, reward, terminated, truncated;
};

// Takes each recorded step that `wanted` accepts. `margin` is how near to its limits a state may come for `terminated`
// not to be compared.
template <typename E, typename Wanted>
Errors compare_steps(const Transitions<E>& recorded, Wanted wanted, double margin = 0.0) {
  using Real = typename E::Scalar;
  Errors errors;
  for (const std::vector<double>& row : recorded.records.rows) {
    if (!recorded.exact_in_scalar(row) || !wanted(row)) continue;
    typename E::State state = recorded.state_of(row);
    const Real action = static_cast<Real>(row[recorded.action]);
    const typename E::Outcome outcome = E::step(state, &action);
    const auto members = std::bit_cast<std::array<Real, E::kStateSize>>(state);
    const double* next = &row[recorded.action + 1];
    for (std::size_t k = 0; k < members.size(); ++k) {
      errors.state = std::max(errors.state, state_error<E>(k, static_cast<double>(members[k]), next[k]));
    }
    std::array<Real, E::kObservationSize> observation;
    E::observe(state, observation.data());
    const double* seen = &row[recorded.truncated + 1];
    for (std::size_t k = 0; k < observation.size(); ++k) {
      const auto rounded = static_cast<double>(static_cast<float>(observation[k]));
      errors.observation = std::max(errors.observation, scaled_error(rounded, seen[k]));
    }
    errors.reward = std::max(errors.reward, scaled_error(static_cast<double>(outcome.reward), row[recorded.reward]));
    const bool near_limit = distance_to_limit<E>(next) < margin;
    if (!near_limit && outcome.terminated != (row[recorded.terminated] != 0.0)) ++errors.terminated_differs;
    ++errors.steps;
  }
  UNSCOPED_INFO("largest errors over " << errors.steps << " steps: state " << errors.state << ", reward "
                                       << errors.reward << ", observation " << errors.observation);
  return errors;
}

// Whether component k of an observation may be an episode's first.
template <typename E>
bool may_be_first(std::size_t k, float seen) {
  if constexpr (kIsAcrobot<E>) {
    return k == 0 || k == 2 ? seen >= std::cos(0.1F) && seen <= 1.0F : std::abs(seen) <= 0.1F;
  } else if constexpr (E::kName == CartPole<double>::kName) {
    return std::abs(seen) <= 0.05F;
  } else if constexpr (E::kName == Pendulum<double>::kName) {
    return std::abs(seen) <= 1.0F;
  } else {
    return k == 0 ? seen >= -0.6F && seen <= -0.4F : seen == 0.0F;
  }
}

constexpr auto kAll = [](const std::vector<double>&) { return true; };

// Gymnasium's observations are rounded to single precision: half a unit in the last place there, and ours rounds alike
// unless the values in double lie on both sides of a tie.
constexpr double kObservationBound = std::numeric_limits<float>::epsilon();

}  // namespace

TEST_CASE("Pendulum in double equals Gymnasium within 1e-14 when its action is double, 2e-8 when it is single") {
  const Transitions<Pendulum<double>> steps("steps");
  const std::size_t in_double = steps.records.column("double_action");

  const Errors exact = compare_steps(steps, [&](const auto& row) { return row[in_double] != 0.0; });
  REQUIRE(exact.steps > 10'000);
  CHECK(exact.state <= 1e-14);
  CHECK(exact.reward <= 1e-14);
  CHECK(exact.observation <= kObservationBound);
  CHECK(exact.terminated_differs == 0);

  const Errors rounded = compare_steps(steps, [&](const auto& row) { return row[in_double] == 0.0; });
  REQUIRE(rounded.steps > 5'000);
  CHECK(rounded.state <= 2e-8);
  CHECK(rounded.reward <= 2e-8);
  CHECK(rounded.observation <= kObservationBound);

  const Errors episodes = compare_steps(Transitions<Pendulum<double>>("episodes"), kAll);
  REQUIRE(episodes.steps == 20 * Pendulum<double>::kTimeLimit);
  CHECK(episodes.state <= 2e-8);
  CHECK(episodes.reward <= 2e-8);
  CHECK(episodes.observation <= kObservationBound);
}

TEST_CASE("CartPole in double equals Gymnasium within 1e-14 and terminates in the same steps") {
  for (const char* name : {"steps", "episodes"}) {
    const Errors errors = compare_steps(Transitions<CartPole<double>>(name), kAll);
    REQUIRE(errors.steps > 5'000);
    CHECK(errors.state <= 1e-14);
    CHECK(errors.reward == 0.0);
    CHECK(errors.observation <= kObservationBound);
    CHECK(errors.terminated_differs == 0);
  }
}

// The angle is not wrapped: in 200 steps it reaches 83, where floats are 7.6e-6 apart, and its sine moves by half that.
TEST_CASE("Pendulum in float is within 5e-7 of Gymnasium, relative above 1, its observation within 4e-6") {
  const Errors errors = compare_steps(Transitions<Pendulum<float>>("steps"), kAll);
  REQUIRE(errors.steps >= 20'000);
  CHECK(errors.state <= 5e-7);
  CHECK(errors.reward <= 5e-7);
  CHECK(errors.observation <= 4e-6);
}

TEST_CASE("CartPole in float is within 5e-7 of Gymnasium and terminates in the same steps unless that near a limit") {
  const Errors errors = compare_steps(Transitions<CartPole<float>>("steps"), kAll, 5e-7);
  REQUIRE(errors.steps >= 20'000);
  CHECK(errors.state <= 5e-7);
  CHECK(errors.observation <= 5e-7);
  CHECK(errors.reward == 0.0);
  CHECK(errors.terminated_differs == 0);
}

// A step is four evaluations of the derivative, in which NumPy's sines, cosines and squares may differ from the C
// library's in their last bits: 2.7e-15 measured anywhere within the bounds on the speeds, 4.5e-16 in episodes.
TEST_CASE("Acrobot in double equals Gymnasium within 1e-14 and terminates in the same steps") {
  for (const char* kind : {"steps", "episodes"}) {
    const Errors errors = compare_steps(Transitions<Acrobot<double>>(kind), kAll);
    REQUIRE(errors.steps > 5'000);
    CHECK(errors.state <= 1e-14);
    CHECK(errors.reward == 0.0);
    CHECK(errors.observation <= kObservationBound);
    CHECK(errors.terminated_differs == 0);
  }
}

TEST_CASE("MountainCar in double equals Gymnasium within 1e-14 and terminates in the same steps") {
  for (const char* kind : {"steps", "episodes"}) {
    const Errors errors = compare_steps(Transitions<MountainCar<double>>(kind), kAll);
    REQUIRE(errors.steps > 3'000);
    CHECK(errors.state <= 1e-14);
    CHECK(errors.reward == 0.0);
    CHECK(errors.observation <= kObservationBound);
    CHECK(errors.terminated_differs == 0);
  }
}

// From a state in single precision, which is what an episode has, Gymnasium computes the step in single precision.
TEST_CASE("MountainCarContinuous in double equals Gymnasium within 1e-14, or a float's last bit from a float's state") {
  const Transitions<MountainCarContinuous<double>> steps("steps");
  const std::size_t in_double = steps.records.column("double_action");
  const Errors exact = compare_steps(steps, [&](const auto& row) { return row[in_double] != 0.0; });
  REQUIRE(exact.steps > 10'000);
  CHECK(exact.state <= 1e-14);
  CHECK(exact.reward <= 1e-14);
  CHECK(exact.observation <= 1e-14);
  CHECK(exact.terminated_differs == 0);

  const Errors episodes = compare_steps(Transitions<MountainCarContinuous<double>>("episodes"), kAll, 1.2e-7);
  REQUIRE(episodes.steps > 10'000);
  CHECK(episodes.state <= 1.2e-7);
  CHECK(episodes.reward <= 1e-14);
  CHECK(episodes.observation <= 1.2e-7);
  CHECK(episodes.terminated_differs == 0);
}

// At the highest speeds a link makes nearly a turn in a step, which magnifies a difference in the state up to 2,000
// times; while it swings, 5 times.
TEST_CASE("Acrobot in float is within 2e-6 of Gymnasium while it swings, within 1e-3 at its highest speeds") {
  const Transitions<Acrobot<float>> steps("steps");
  const std::size_t speed1 = steps.state + 2;
  const std::size_t speed2 = steps.state + 3;
  const auto swings = [&](const auto& row) { return std::abs(row[speed1]) <= 4.0 && std::abs(row[speed2]) <= 6.0; };
  const Errors swinging = compare_steps(steps, swings, 4e-6);
  REQUIRE(swinging.steps >= 10'000);
  CHECK(swinging.state <= 2e-6);
  CHECK(swinging.observation <= 2e-6);
  CHECK(swinging.reward == 0.0);
  CHECK(swinging.terminated_differs == 0);

  const Errors anywhere = compare_steps(steps, kAll, 2e-3);
  REQUIRE(anywhere.steps >= 20'000);
  CHECK(anywhere.state <= 1e-3);
  CHECK(anywhere.observation <= 1e-3);
  CHECK(anywhere.terminated_differs == 0);
}

TEST_CASE(
    "MountainCar in float is within 1.2e-7 of Gymnasium and terminates in the same steps unless that near a limit") {
  const Errors errors = compare_steps(Transitions<MountainCar<float>>("steps"), kAll, 1.2e-7);
  REQUIRE(errors.steps >= 20'000);
  CHECK(errors.state <= 1.2e-7);
  CHECK(errors.observation <= 1.2e-7);
  CHECK(errors.reward == 0.0);
  CHECK(errors.terminated_differs == 0);
}

TEST_CASE("MountainCarContinuous in float is within 1.2e-7 of Gymnasium and terminates in the same steps") {
  for (const char* kind : {"steps", "episodes"}) {
    const Errors errors = compare_steps(Transitions<MountainCarContinuous<float>>(kind), kAll, 1.2e-7);
    REQUIRE(errors.steps >= 10'000);
    CHECK(errors.state <= 1.2e-7);
    CHECK(errors.observation <= 1.2e-7);
    CHECK(errors.reward <= 1.2e-7);
    CHECK(errors.terminated_differs == 0);
  }
}

// Replays Gymnasium's vector environment in AutoresetMode.SAME_STEP: every step starts from its recorded states, while
// the count of steps since the reset is VectorEnv's own.
TEMPLATE_TEST_CASE("VectorEnv ends and resets episodes as Gymnasium does in AutoresetMode.SAME_STEP", "",
                   Pendulum<double>, CartPole<double>, Acrobot<double>, MountainCar<double>,
                   MountainCarContinuous<double>) {
  using E = TestType;
  const Transitions<E> recorded("vector");
  const std::size_t observation = recorded.truncated + 1;
  const std::size_t final_observation = observation + E::kObservationSize;
  constexpr std::size_t kCount = 3;
  prl::VectorEnv<E> environments(7, 0, kCount);
  std::array<float, kCount> actions{};
  std::array<float, kCount * E::kObservationSize> seen{};
  std::array<int, 4> ends_seen{};
  for (std::size_t first = 0; first < recorded.records.rows.size(); first += kCount) {
    const std::vector<double>* rows = &recorded.records.rows[first];
    for (std::size_t i = 0; i < kCount; ++i) {
      environments.set_state(static_cast<int>(i), recorded.state_of(rows[i]));
      actions[i] = static_cast<float>(rows[i][recorded.action]);
    }
    environments.step(actions.data());
    environments.observe(seen.data());
    int finished = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      const int expected_end = (rows[i][recorded.terminated] != 0.0 ? prl::kTerminated : 0) |
                               (rows[i][recorded.truncated] != 0.0 ? prl::kTruncated : 0);
      REQUIRE(int{environments.ends()[i]} == expected_end);
      ++ends_seen[static_cast<std::size_t>(expected_end)];
      if (expected_end != 0) ++finished;
      // Rewards are single precision here.
      REQUIRE(scaled_error(environments.rewards()[i], rows[i][recorded.reward]) <= 1e-7);
      // After an end both have reset, each with its own random numbers: what can be compared is the last observation.
      const float* shown = expected_end == 0 ? &seen[i * E::kObservationSize]
                                             : environments.final_observations() + i * E::kObservationSize;
      const double* expected = &rows[i][expected_end == 0 ? observation : final_observation];
      for (std::size_t k = 0; k < E::kObservationSize; ++k) {
        REQUIRE(scaled_error(static_cast<double>(shown[k]), expected[k]) <= kObservationBound);
        if (expected_end != 0) REQUIRE(may_be_first<E>(k, seen[i * E::kObservationSize + k]));
      }
    }
    REQUIRE(environments.finished() == finished);
  }
  CHECK(ends_seen[prl::kTruncated] > 0);
  if (E::kName != Pendulum<double>::kName) {
    CHECK(ends_seen[prl::kTerminated] > 0);
    CHECK(ends_seen[prl::kTerminated | prl::kTruncated] > 0);
  }
}

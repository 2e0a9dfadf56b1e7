// The body of the rollout kernel, run on the host, against the processor's actors.
#include "device/policy_rollout_run.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "core/segment.hpp"
#include "envs/acrobot.hpp"
#include "envs/cartpole.hpp"
#include "envs/mountain_car.hpp"
#include "envs/mountain_car_continuous.hpp"
#include "envs/pendulum.hpp"
#include "tests/catch2.hpp"
#include "tests/small_run.hpp"

namespace {

using prl::Acrobot;
using prl::Activation;
using prl::CartPole;
using prl::MountainCar;
using prl::MountainCarContinuous;
using prl::NetworkSpec;
using prl::Pendulum;
using prl::ThreadOrder;

constexpr int kEnvironments = 131;  // a full block and one of three environments

// How often episodes ended in each way.
struct Ends {
  int terminated = 0;
  int truncated = 0;
};

// Three segments of `steps` steps: the kernel's body in either order of its threads has the bytes of an actor's blocks.
template <typename E>
Ends compare_segments(const NetworkSpec& spec, int steps) {
  const prl::NetworkLayout layout(spec);
  const auto parameters = prl::test::random_parameters(layout);
  prl::test::SerialRun<E> expected(spec, kEnvironments, steps);
  const prl::PolicyRolloutSetting setting{E::kName, prl::test::kRunSeed, kEnvironments, steps};
  const auto forwards = prl::policy_rollouts_on_host(setting, layout, ThreadOrder::kForwards);
  const auto backwards = prl::policy_rollouts_on_host(setting, layout, ThreadOrder::kBackwards);
  Ends ends;
  for (int segment = 0; segment < 3; ++segment) {
    const prl::SegmentView& actors = expected.collect(parameters.data());
    const std::vector<std::byte> bytes(actors.bytes(), actors.bytes() + actors.size_bytes());
    for (const auto& run : {&forwards, &backwards}) {
      (*run)->collect(parameters.data());
      const prl::test::Blocks blocks(actors.layout(), kEnvironments);
      prl::copy_to_blocks((*run)->segment(), blocks.view());
      REQUIRE((blocks.copy() == bytes));  // in one, so that a failure does not print them
    }
    const prl::TimeMajorSegment& seen = forwards->segment();
    for (std::size_t row = 0; row < seen.rows(); ++row) {
      ends.terminated += (seen.ends[row] & prl::kTerminated) != 0;
      ends.truncated += (seen.ends[row] & prl::kTruncated) != 0;
    }
  }
  return ends;
}

}  // namespace

TEMPLATE_TEST_CASE("A rollout with the policy inside has the bytes of the processor's actors", "", CartPole<float>,
                   Pendulum<float>, MountainCar<float>, MountainCarContinuous<float>, Acrobot<float>) {
  using E = TestType;
  // The last of three segments reaches the time limit of the environments that nobody solves by chance.
  const int steps = E::kTimeLimit == 200 ? 81 : 30;
  const Ends ends = compare_segments<E>(prl::test::network_for<E>({64, 64}, false, Activation::kTanh), steps);
  if (E::kTimeLimit == 200) CHECK(ends.truncated == kEnvironments);
  if (E::kName == CartPole<float>::kName) CHECK(ends.terminated > kEnvironments);
}

TEST_CASE("Shared trunks, other depths and rectified units have the actors' bytes, too") {
  compare_segments<CartPole<float>>(prl::test::network_for<CartPole<float>>({64}, true, Activation::kRelu), 20);
  compare_segments<Pendulum<float>>(prl::test::network_for<Pendulum<float>>({64, 64, 64}, true, Activation::kTanh), 70);
  compare_segments<Pendulum<float>>(prl::test::network_for<Pendulum<float>>({64, 64, 64}, false, Activation::kRelu),
                                    20);
}

TEST_CASE("Networks that the kernel does not know are refused") {
  for (const std::vector<int>& hidden : {std::vector<int>{32}, {64, 256}, {64, 64, 64, 64}}) {
    const prl::NetworkLayout layout(prl::test::network_for<CartPole<float>>(hidden, true, Activation::kTanh));
    CHECK_THROWS_AS(prl::policy_rollouts_on_host({"CartPole-v1", 1, 4, 4}, layout), std::invalid_argument);
  }
  const prl::NetworkLayout layout(prl::test::network_for<CartPole<float>>({64}, true, Activation::kTanh));
  CHECK_THROWS_AS(prl::policy_rollouts_on_host({"CartPole-v9", 1, 4, 4}, layout), std::invalid_argument);
}

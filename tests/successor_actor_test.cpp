// An actor in the place of one that died: new episodes, and random numbers that no start before it has drawn.
#include <atomic>
#include <cstddef>
#include <vector>

#include "core/episode_returns.hpp"
#include "core/rollout_actor.hpp"
#include "envs/cartpole.hpp"
#include "envs/pendulum.hpp"
#include "tests/catch2.hpp"
#include "tests/small_run.hpp"

namespace {

using namespace prl;

constexpr int kEnvironments = 4;
constexpr int kSteps = 30;

template <typename E>
class Run {
 public:
  Run()
      : layout_(test::network_for<E>({9}, false, Activation::kTanh)),
        parameters_(test::random_parameters(layout_)),
        blocks_(test::segment_layout(layout_.spec, kSteps), kEnvironments),
        actor_({.layout = layout_, .seed = test::kRunSeed, .step_cost = {}}, 0, kEnvironments) {}

  std::vector<std::byte> collect() {
    REQUIRE(actor_.collect(parameters_.data(), blocks_.view(), std::atomic<bool>(false)));
    return blocks_.copy();
  }
  // Of all environments, at the segment's first step.
  std::vector<float> first_observations() const {
    std::vector<float> first;
    for (int i = 0; i < kEnvironments; ++i) {
      const float* row = blocks_.view().trajectory(i).observations;
      first.insert(first.end(), row, row + E::kObservationSize);
    }
    return first;
  }
  void start_anew(std::uint32_t start) { actor_.start_anew(first_step_of_start(start)); }

 private:
  NetworkLayout layout_;
  AlignedBuffer<float> parameters_;
  test::Blocks blocks_;
  RolloutActor<E> actor_;
};

}  // namespace

TEMPLATE_TEST_CASE("An actor that starts anew depends on the number of its start and on nothing before it", "",
                   CartPole<float>, Pendulum<float>) {
  Run<TestType> at_once;
  Run<TestType> later;
  at_once.start_anew(2);
  later.collect();
  later.start_anew(1);
  later.collect();
  later.start_anew(2);
  for (int segment = 0; segment < 3; ++segment) CHECK((at_once.collect() == later.collect()));
}

TEMPLATE_TEST_CASE("No two starts of an actor have an episode or an action in common", "", CartPole<float>,
                   Pendulum<float>) {
  Run<TestType> run;
  std::vector<std::vector<float>> seen;
  for (std::uint32_t start = 0; start < 4; ++start) {
    if (start > 0) run.start_anew(start);
    run.collect();
    for (const std::vector<float>& before : seen) {
      for (std::size_t k = 0; k < before.size(); ++k) CHECK(before[k] != run.first_observations()[k]);
    }
    seen.push_back(run.first_observations());
  }
}

TEST_CASE("Returns of episodes that a death cut off are left out, and those of the next ones are whole") {
  EpisodeReturns returns(1);
  test::Blocks blocks({2, 1, 1}, 1);
  const TrajectoryView trajectory = blocks.view().trajectory(0);
  trajectory.rewards[0] = trajectory.rewards[1] = 1.0F;
  CHECK(returns.finish(blocks.view()).empty());
  returns.restart();
  trajectory.ends[1] = kTerminated;
  CHECK(returns.finish(blocks.view()) == std::vector<double>{2.0});
}

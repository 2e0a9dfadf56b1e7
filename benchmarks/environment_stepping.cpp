// Environment stepping: vector environments under a policy of random actions, finished episodes reset in the same step.
//
//   environment/step/ENVIRONMENT/SCALAR/environments:N     one call steps N environments; steps/s counts all of them
//
// Actions are drawn beforehand. With random actions a CartPole episode lasts some 22 steps, so that resets, with their
// random numbers, are part of the figure, as they are of other libraries'.
#include <string>

#include "benchmarks/harness.hpp"
#include "core/vector_env.hpp"
#include "envs/acrobot.hpp"
#include "envs/cartpole.hpp"
#include "envs/mountain_car.hpp"
#include "envs/mountain_car_continuous.hpp"
#include "envs/pendulum.hpp"

namespace prl {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr int kActionSets = 16;

template <Environment E>
AlignedBuffer<float> random_actions(int environments) {
  static_assert(E::kActionSize == 1);
  AlignedBuffer<float> actions(static_cast<std::size_t>(environments) * kActionSets);
  Rng rng(kSeed, RandomPurpose::kAction, 0, 0);
  for (float& action : actions.span()) {
    action = E::kDiscrete ? static_cast<float>(rng.below(E::kActionCount)) : rng.uniform(-2.0F, 2.0F);
  }
  return actions;
}

template <Environment E>
void step_environments(benchmark::State& state, int environments) {
  VectorEnv<E> batch(kSeed, 0, environments);
  const AlignedBuffer<float> actions = random_actions<E>(environments);
  std::size_t set = 0;
  for (auto _ : state) {
    batch.step(actions.data() + set * static_cast<std::size_t>(environments));
    benchmark::DoNotOptimize(batch.rewards());
    benchmark::ClobberMemory();
    set = (set + 1) % kActionSets;
  }
  set_rate(state, "steps/s", static_cast<double>(state.iterations()) * environments);
}

template <Environment E>
void register_scalar(const std::string& scalar) {
  for (int environments = 1; environments <= 4096; environments *= 4) {
    const std::string name =
        "environment/step/" + std::string(E::kName) + "/" + scalar + "/environments:" + std::to_string(environments);
    benchmark::RegisterBenchmark(name.c_str(), step_environments<E>, environments);
  }
}

template <template <typename> typename E>
void register_environment() {
  register_scalar<E<float>>("float");
  register_scalar<E<double>>("double");
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  prl::register_environment<prl::CartPole>();
  prl::register_environment<prl::Acrobot>();
  prl::register_environment<prl::MountainCar>();
  prl::register_environment<prl::MountainCarContinuous>();
  prl::register_environment<prl::Pendulum>();
  return prl::run_benchmarks(argc, argv);
}

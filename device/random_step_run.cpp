// The host's form: the kernels' bodies in a loop over blocks and threads.
#include "device/random_step_run.hpp"

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "device/environment_types.hpp"
#include "device/random_steps.hpp"

namespace prl {
namespace {

constexpr int kBlockThreads = 128;

template <Environment E>
class HostRun final : public RandomStepRun {
 public:
  HostRun(std::uint64_t seed, int count) : seed_(seed), count_(count) {
    const auto environments = static_cast<std::size_t>(count);
    now_.states.resize(environments * E::kStateSize);
    now_.elapsed.resize(environments);
    now_.rewards.resize(environments);
    now_.episodes.resize(environments);
    launch([&](const ThreadIndex& index) { begin_episode(index, arrays(), 0); });
  }

  double take(int steps) override {
    const auto begin = std::chrono::steady_clock::now();
    const RandomStepSums sums{now_.rewards.data(), now_.episodes.data()};
    launch([&](const ThreadIndex& index) { take_random_steps(index, arrays(), steps_, steps, sums); });
    steps_ += static_cast<std::uint64_t>(steps);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  RandomStepOutcome outcome() const override { return now_; }

 private:
  EnvironmentArrays<E> arrays() { return {seed_, 0, count_, now_.states.data(), now_.elapsed.data()}; }

  template <typename Body>
  void launch(const Body& body) const {
    for_each_thread(covering_blocks(count_, kBlockThreads), kBlockThreads, body);
  }

  std::uint64_t seed_;
  int count_;
  std::uint64_t steps_ = 0;
  RandomStepOutcome now_;
};

}  // namespace

std::unique_ptr<RandomStepRun> random_steps_on_host(std::string_view environment, std::uint64_t seed, int count) {
  std::unique_ptr<RandomStepRun> run;
  const bool known = visit_environment(
      environment, [&](auto type) { run = std::make_unique<HostRun<typename decltype(type)::type>>(seed, count); });
  if (!known) throw std::invalid_argument("no environment is called '" + std::string(environment) + "': see prl list");
  return run;
}

}  // namespace prl

// An optimiser's step on 135,000 parameters (two separate 256x256 networks): on the learner's own, and on parameters that
// learners share without locks, by one thread alone or by two at the same time.
//
//   step/own/rmsprop|adam                     the plain step
//   step/shared/rmsprop|adam/threads:1|2      a push onto shared parameters and averages; each thread pushes its own
//   step/pull/threads:1|2                     a copy of the shared parameters
#include <string>
#include <utility>

#include "algorithms/optimiser.hpp"
#include "benchmarks/harness.hpp"
#include "core/aligned_buffer.hpp"
#include "parallel/agree/hogwild_parameters.hpp"

namespace prl {
namespace {

constexpr std::size_t kParameters = 135000;
constexpr int kMostThreads = 2;

OptimiserSetting setting_of(OptimiserKind kind) {
  OptimiserSetting setting;
  setting.kind = kind;
  return setting;
}

AlignedBuffer<float> some_gradient() {
  AlignedBuffer<float> gradient(kParameters);
  for (std::size_t i = 0; i < kParameters; ++i) gradient[i] = 1e-3F * static_cast<float>(i % 17) - 8e-3F;
  return gradient;
}

void push(Optimiser& optimiser, std::span<float> parameters, std::span<const float> gradient) {
  optimiser.step({0, kParameters}, parameters, gradient, 1.0);
  optimiser.finish_update();
  benchmark::ClobberMemory();
}

void step_own(benchmark::State& state, OptimiserKind kind) {
  AlignedBuffer<float> parameters(kParameters);
  const AlignedBuffer<float> gradient = some_gradient();
  Optimiser optimiser(kParameters, setting_of(kind), 1);
  while (state.KeepRunning()) push(optimiser, parameters.span(), gradient.span());
  set_rate(state, "updates/s", static_cast<double>(state.iterations()));
}

// The threads of one measurement push onto the same parameters.
HogwildParameters& shared_parameters() {
  static HogwildParameters parameters(kMostThreads, kParameters, AverageSharing::kShared);
  return parameters;
}

void step_shared(benchmark::State& state, OptimiserKind kind) {
  const AlignedBuffer<float> gradient = some_gradient();
  Optimiser optimiser(kParameters, setting_of(kind), 1, &shared_parameters().shared(state.thread_index()));
  while (state.KeepRunning()) push(optimiser, {}, gradient.span());
  set_rate(state, "updates/s", static_cast<double>(state.iterations()));
  label_oversubscribed(state, state.threads());
}

void pull(benchmark::State& state) {
  AlignedBuffer<float> copy(kParameters);
  while (state.KeepRunning()) {
    shared_parameters().load(copy.span());
    benchmark::ClobberMemory();
  }
  set_rate(state, "updates/s", static_cast<double>(state.iterations()));
  label_oversubscribed(state, state.threads());
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  using namespace prl;
  for (const auto& [name, kind] : {std::pair{"rmsprop", OptimiserKind::kRmsProp}, {"adam", OptimiserKind::kAdam}}) {
    benchmark::RegisterBenchmark((std::string("step/own/") + name).c_str(), [kind = kind](benchmark::State& state) {
      step_own(state, kind);
    })->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark((std::string("step/shared/") + name).c_str(),
                                 [kind = kind](benchmark::State& state) { step_shared(state, kind); })
        ->ThreadRange(1, kMostThreads)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::RegisterBenchmark("step/pull", pull)
      ->ThreadRange(1, kMostThreads)
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
  return run_benchmarks(argc, argv);
}

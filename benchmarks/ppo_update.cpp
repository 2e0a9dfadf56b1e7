// PPO's learning phase on one round of Pendulum-v1: 2048 samples, the preset's epochs and minibatches.
//
//   ppo/update/PRESET/flat/threads:N        own kernels, backward pass written out; N learner threads, one shard each
//   ppo/update/PRESET/autograd/threads:1    LibTorch's autograd in place of them
//
// The time is that of a whole learning phase, advantages and shuffling included; updates/s counts gradient steps.
#include <algorithm>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "algorithms/autograd_network.hpp"
#include "benchmarks/collected_round.hpp"
#include "benchmarks/harness.hpp"
#include "parallel/agree/thread_update.hpp"

namespace prl {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr int kEnvironments = 16;

void update(benchmark::State& state, const std::string& preset, Backpropagation backpropagation, int threads) {
  PresetNetwork network = make_preset_network(preset, "Pendulum-v1", kSeed);
  std::get<PpoSetting>(network.preset.setting).backpropagation = backpropagation;
  CollectedRound round(network, kEnvironments, kSeed);
  AlignedBuffer<float> parameters(network.layout.parameter_count);
  std::vector<AlignedBuffer<float>> gradients;
  LearnerStorage storage{parameters.span(), {}};
  for (int shard = 0; shard < threads; ++shard) {
    gradients.emplace_back(network.layout.parameter_count);
    storage.gradients.push_back(gradients.back().span());
  }
  const LearnerPlan plan = round.plan({threads, 0, threads}, kSeed);
  const std::unique_ptr<Learner> learner = make_learner(network.preset.setting, network.layout, plan, storage);
  ThreadUpdate updates(*learner, threads, threads);
  for (auto _ : state) {
    // Every iteration learns from the policy that the samples are of; the copy is a thousandth of the time.
    std::copy(network.parameters.span().begin(), network.parameters.span().end(), parameters.data());
    learner->ingest(round.segment());
    updates.run();
    benchmark::ClobberMemory();
  }
  set_rate(state, "updates/s", static_cast<double>(state.iterations()) * learner->updates_due());
  label_oversubscribed(state, threads);
}

void register_update(const std::string& preset, const std::string& how, Backpropagation backpropagation, int threads) {
  const std::string name = "ppo/update/" + preset + "/" + how + "/threads:" + std::to_string(threads);
  benchmark::RegisterBenchmark(name.c_str(), update, preset, backpropagation, threads)
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  prl::use_one_torch_thread();
  for (const char* preset : {"d4", "sb3", "tuned"}) {
    prl::register_update(preset, "flat", prl::Backpropagation::kFlat, 1);
    prl::register_update(preset, "flat", prl::Backpropagation::kFlat, 2);
    prl::register_update(preset, "autograd", prl::Backpropagation::kAutograd, 1);
  }
  return prl::run_benchmarks(argc, argv);
}

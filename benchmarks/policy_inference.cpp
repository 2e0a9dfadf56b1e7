// Policy inference for acting on Pendulum-v1, one core: policy head and value of a batch of observations.
//
//   policy/forward/PRESET/kernel/batch:N     the suite's own kernel on flat parameters
//   policy/forward/PRESET/torch/batch:N      the same network as LibTorch modules in inference mode
#include <cmath>
#include <string>

#include "algorithms/autograd_network.hpp"
#include "benchmarks/harness.hpp"
#include "benchmarks/preset_network.hpp"
#include "benchmarks/torch_policy.hpp"
#include "core/policy_kernel.hpp"
#include "core/random.hpp"

namespace prl {
namespace {

constexpr std::uint64_t kSeed = 1;

// A batch of observations of the size of Pendulum's, and room for what the network makes of it.
struct Batch {
  Batch(const NetworkSpec& spec, int row_count)
      : rows(row_count),
        observations(static_cast<std::size_t>(row_count) * static_cast<std::size_t>(spec.observation_size)),
        heads(static_cast<std::size_t>(row_count) * static_cast<std::size_t>(spec.head_size)),
        values(static_cast<std::size_t>(row_count)) {
    Rng rng(kSeed, RandomPurpose::kReset, 0, 0);
    for (float& x : observations.span()) x = rng.uniform(-1.0F, 1.0F);
  }

  int rows;
  AlignedBuffer<float> observations;
  AlignedBuffer<float> heads;
  AlignedBuffer<float> values;
};

template <typename Forward>
void measure(benchmark::State& state, Batch& batch, const Forward& forward) {
  for (auto _ : state) {
    forward(batch);
    benchmark::DoNotOptimize(batch.values.data());
    benchmark::ClobberMemory();
  }
  set_rate(state, "rows/s", static_cast<double>(state.iterations()) * batch.rows);
}

void kernel_forward(benchmark::State& state, const std::string& preset, int rows) {
  const PresetNetwork network = make_preset_network(preset, "Pendulum-v1", kSeed);
  PolicyKernel kernel(network.layout, rows);
  Batch batch(network.layout.spec, rows);
  measure(state, batch, [&](Batch& b) {
    kernel.forward(network.parameters.data(), b.observations.data(), b.rows, b.heads.data(), b.values.data());
  });
}

void torch_forward(benchmark::State& state, const std::string& preset, int rows) {
  const PresetNetwork network = make_preset_network(preset, "Pendulum-v1", kSeed);
  TorchPolicy policy(network.layout, network.parameters.data());
  Batch batch(network.layout.spec, rows);
  // Two rates of different functions would be no comparison.
  Batch expected(network.layout.spec, rows);
  PolicyKernel kernel(network.layout, rows);
  kernel.forward(network.parameters.data(), expected.observations.data(), rows, expected.heads.data(),
                 expected.values.data());
  policy.forward(batch.observations.data(), rows, batch.heads.data(), batch.values.data());
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    if (!(std::abs(batch.values[i] - expected.values[i]) < 1e-4F)) {
      state.SkipWithError("the LibTorch modules compute another function than the kernel");
      return;
    }
  }
  measure(state, batch,
          [&](Batch& b) { policy.forward(b.observations.data(), b.rows, b.heads.data(), b.values.data()); });
}

void register_preset(const std::string& preset) {
  for (int rows = 1; rows <= 256; rows *= 4) {
    const std::string batch = "/batch:" + std::to_string(rows);
    const std::string name = "policy/forward/" + preset;
    benchmark::RegisterBenchmark((name + "/kernel" + batch).c_str(), kernel_forward, preset, rows);
    benchmark::RegisterBenchmark((name + "/torch" + batch).c_str(), torch_forward, preset, rows);
  }
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  prl::use_one_torch_thread();
  for (const char* preset : {"d4", "sb3", "tuned"}) prl::register_preset(preset);
  return prl::run_benchmarks(argc, argv);
}

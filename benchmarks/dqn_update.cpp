// One update of DQN from a filled replay: a batch drawn, its gradient, the optimiser's step, priorities fed back.
//
//   dqn/update/PRESET/flat/batch:B         own kernels, backward pass written out
//   dqn/update/PRESET/autograd/batch:B     LibTorch's autograd in place of them
//
// CartPole-v1, one thread, one shard, 4,096 transitions of the first policy.
#include <atomic>
#include <memory>
#include <string>
#include <variant>

#include "algorithms/autograd_network.hpp"
#include "benchmarks/harness.hpp"
#include "benchmarks/preset_network.hpp"
#include "core/rollout_actor.hpp"

namespace prl {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr int kEnvironments = 16;
constexpr int kSteps = 256;

// Steps of the preset's own way of exploring.
class FirstSteps {
 public:
  explicit FirstSteps(const PresetNetwork& network)
      : layout_(layout_for(network)), blocks_(layout_.block_bytes() * kEnvironments) {
    const ExplorationSetting exploration = exploration_of(network.preset.setting, kEnvironments);
    const auto actor = network.environment->actors({network.layout, kSeed, {}, exploration})(0, kEnvironments);
    actor->collect(network.parameters.data(), segment(), std::atomic<bool>(false));
  }

  SegmentView segment() { return {layout_, blocks_.data(), 0, kEnvironments}; }

 private:
  static SegmentLayout layout_for(const PresetNetwork& network) {
    SegmentLayout layout{kSteps, network.layout.spec.observation_size, network.layout.spec.action_size()};
    const CollectionNeeds needs = needs_of(network.preset.setting);
    if (needs.cut_observations) layout.cut_rows = most_cuts(kSteps, network.environment->info().time_limit);
    layout.action_values = needs.action_values;
    return layout;
  }

  SegmentLayout layout_;
  AlignedBuffer<std::byte> blocks_;
};

void choose(RuleSetting& setting, Backpropagation how, int batch) {
  auto& dqn = std::get<DqnSetting>(setting);
  dqn.backpropagation = how;
  dqn.batch = batch;
}

void update(benchmark::State& state, const std::string& preset, Backpropagation how, int batch) {
  PresetNetwork network = make_preset_network(preset, "CartPole-v1", kSeed, "dqn");
  choose(network.preset.setting, how, batch);
  FirstSteps steps(network);
  AlignedBuffer<float> gradient(network.layout.parameter_count);
  const std::unique_ptr<Learner> learner =
      make_learner(network.preset.setting, network.layout, {{}, kEnvironments, kSteps, kSeed, 1},
                   {network.parameters.span(), {gradient.span()}});
  learner->ingest(steps.segment());
  for (auto _ : state) {
    learner->compute_gradient(0, 0);
    learner->apply_gradient({0, gradient.size()}, gradient.span(), square_sum(gradient.span()));
    learner->finish_update();
    benchmark::ClobberMemory();
  }
  set_rate(state, "updates/s", static_cast<double>(state.iterations()));
}

void register_update(const std::string& preset, Backpropagation how) {
  const std::string name = "dqn/update/" + preset + (how == Backpropagation::kFlat ? "/flat" : "/autograd");
  for (const int batch : {32, 64, 512}) {
    benchmark::RegisterBenchmark((name + "/batch:" + std::to_string(batch)).c_str(), update, preset, how, batch)
        ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  prl::use_one_torch_thread();
  for (const char* preset : {"tuned", "apex"}) {
    prl::register_update(preset, prl::Backpropagation::kFlat);
    prl::register_update(preset, prl::Backpropagation::kAutograd);
  }
  return prl::run_benchmarks(argc, argv);
}

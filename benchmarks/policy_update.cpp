// The learning phase of one round on CartPole-v1, of the rules with one gradient step a round.
//
//   RULE/update/PRESET/flat         own kernels, backward pass written out
//   RULE/update/PRESET/autograd     LibTorch's autograd in place of them
//
// One thread, one shard, 16 environments, the preset's steps or episodes a round. The time is that of the whole phase,
// targets and the optimiser's step included; samples/s counts the steps that were learned from.
#include <algorithm>
#include <memory>
#include <string>
#include <variant>

#include "algorithms/autograd_network.hpp"
#include "benchmarks/collected_round.hpp"
#include "benchmarks/harness.hpp"
#include "core/episode_returns.hpp"

namespace prl {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr int kEnvironments = 16;

void choose_backpropagation(RuleSetting& setting, std::size_t choice) {
  for (const SettingField& field : fields_of(setting)) {
    if (field.name == "backpropagation") std::get<ChoiceField>(field.value).choose(choice);
  }
}

void update(benchmark::State& state, const std::string& rule, const std::string& preset, Backpropagation how) {
  PresetNetwork network = make_preset_network(preset, "CartPole-v1", kSeed, rule);
  choose_backpropagation(network.preset.setting, static_cast<std::size_t>(how));
  CollectedRound round(network, kEnvironments, kSeed);
  AlignedBuffer<float> parameters(network.layout.parameter_count);
  AlignedBuffer<float> gradient(network.layout.parameter_count);
  const std::unique_ptr<Learner> learner = make_learner(
      network.preset.setting, network.layout, round.plan({1, 0, 1}, kSeed), {parameters.span(), {gradient.span()}});
  for (auto _ : state) {
    // Every iteration learns from the policy that the samples are of.
    std::copy(network.parameters.span().begin(), network.parameters.span().end(), parameters.data());
    learner->ingest(round.segment());
    learner->compute_gradient(0, 0);
    learner->apply_gradient({0, gradient.size()}, gradient.span(), square_sum(gradient.span()));
    learner->finish_update();
    learner->finish_round();
    benchmark::ClobberMemory();
  }
  set_rate(state, "samples/s",
           static_cast<double>(state.iterations()) * static_cast<double>(steps_taken(round.segment())));
}

void register_update(const std::string& rule, const std::string& preset) {
  for (const Backpropagation how : {Backpropagation::kFlat, Backpropagation::kAutograd}) {
    const std::string name = rule + "/update/" + preset + (how == Backpropagation::kFlat ? "/flat" : "/autograd");
    benchmark::RegisterBenchmark(name.c_str(), update, rule, preset, how)->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  prl::use_one_torch_thread();
  for (const char* rule : {"a2c", "vtrace"}) {
    prl::register_update(rule, "tuned");
    prl::register_update(rule, "paper");
  }
  prl::register_update("reinforce", "d0");
  prl::register_update("reinforce", "baseline");
  return prl::run_benchmarks(argc, argv);
}

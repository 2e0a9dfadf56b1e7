// The replay of transitions of CartPole-v1's size, 4 floats an observation.
//
//   replay/add/uniform|prioritised/capacity:N              one transition into a full replay
//   replay/sample/uniform|prioritised/capacity:N/batch:B   a batch drawn, weighted where it has priorities, and gathered
//   replay/feedback/prioritised/capacity:N/batch:B         new priorities of a batch
//
// Slots and priorities are random, so that what is touched lies anywhere in the replay.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "algorithms/replay/prioritised_replay.hpp"
#include "algorithms/replay/replay_buffer.hpp"
#include "benchmarks/harness.hpp"

namespace prl {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr float kAlpha = 0.6F;
constexpr float kBeta = 0.4F;

NetworkSpec cartpole_network() {
  NetworkSpec spec;
  spec.observation_size = 4;
  spec.head_size = 2;
  spec.action_kind = ActionKind::kDiscrete;
  return spec;
}

// A full replay, with priorities or without.
class FullReplay {
 public:
  FullReplay(int capacity, bool prioritised) : replay_(cartpole_network(), capacity) {
    if (prioritised) priorities_.emplace(capacity, kAlpha);
    for (int i = 0; i < capacity; ++i) add();
  }

  void add() {
    const int slot = replay_.add({observation_.data(), &action_, 1.0F, 0.99F, observation_.data()});
    if (priorities_) priorities_->set_priority(slot, rng_.uniform<float>(0.01F, 1.0F));
  }

  void sample(std::uint64_t update, std::span<int> slots, std::span<float> weights, TransitionColumns& batch) {
    Rng rng(kSeed, RandomPurpose::kReplay, 0, update);
    if (priorities_) {
      priorities_->sample(rng, slots);
      priorities_->importance_weights(slots, kBeta, weights);
    } else {
      sample_uniformly(replay_.size(), rng, slots);
    }
    replay_.gather(slots, batch);
  }

  void feed_back(std::span<const int> slots) {
    for (const int slot : slots) priorities_->set_priority(slot, rng_.uniform<float>(0.01F, 1.0F));
  }

  int capacity() const { return replay_.capacity(); }
  bool prioritised() const { return priorities_.has_value(); }

 private:
  ReplayBuffer replay_;
  std::optional<PrioritisedReplay> priorities_;
  std::vector<float> observation_ = std::vector<float>(4, 0.5F);
  float action_ = 1.0F;
  Rng rng_{kSeed, RandomPurpose::kShuffle, 0, 0};
};

// Filling the largest takes longer than measuring it, so the last one is kept, and never a second.
FullReplay& full_replay(int capacity, bool prioritised) {
  static std::unique_ptr<FullReplay> kept;
  if (kept == nullptr || kept->capacity() != capacity || kept->prioritised() != prioritised) {
    kept.reset();
    kept = std::make_unique<FullReplay>(capacity, prioritised);
  }
  return *kept;
}

void add(benchmark::State& state, int capacity, bool prioritised) {
  FullReplay& replay = full_replay(capacity, prioritised);
  for (auto _ : state) {
    replay.add();
    benchmark::ClobberMemory();
  }
  set_rate(state, "adds/s", static_cast<double>(state.iterations()));
}

void sample(benchmark::State& state, int capacity, bool prioritised, int batch) {
  FullReplay& replay = full_replay(capacity, prioritised);
  std::vector<int> slots(static_cast<std::size_t>(batch));
  std::vector<float> weights(slots.size());
  TransitionColumns rows(cartpole_network(), batch);
  std::uint64_t update = 0;
  for (auto _ : state) {
    replay.sample(update++, slots, weights, rows);
    benchmark::ClobberMemory();
  }
  set_rate(state, "samples/s", static_cast<double>(state.iterations()) * batch);
}

void feed_back(benchmark::State& state, int capacity, int batch) {
  FullReplay& replay = full_replay(capacity, true);
  std::vector<std::vector<int>> slots(256, std::vector<int>(static_cast<std::size_t>(batch)));
  std::vector<float> weights(static_cast<std::size_t>(batch));
  TransitionColumns rows(cartpole_network(), batch);
  for (std::size_t b = 0; b < slots.size(); ++b) replay.sample(b, slots[b], weights, rows);
  std::size_t next = 0;
  for (auto _ : state) {
    replay.feed_back(slots[next++ % slots.size()]);
    benchmark::ClobberMemory();
  }
  set_rate(state, "priorities/s", static_cast<double>(state.iterations()) * batch);
}

void register_replay(int capacity, bool prioritised) {
  const std::string kind = prioritised ? "prioritised" : "uniform";
  const std::string size = "/capacity:" + std::to_string(capacity);
  benchmark::RegisterBenchmark(("replay/add/" + kind + size).c_str(), add, capacity, prioritised);
  for (const int batch : {32, 512}) {
    const std::string rest = kind + size + "/batch:" + std::to_string(batch);
    benchmark::RegisterBenchmark(("replay/sample/" + rest).c_str(), sample, capacity, prioritised, batch);
    if (!prioritised) continue;
    benchmark::RegisterBenchmark(("replay/feedback/" + rest).c_str(), feed_back, capacity, batch);
  }
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  for (const int capacity : {10'000, 100'000, 1'000'000, 10'000'000}) {
    prl::register_replay(capacity, false);
    prl::register_replay(capacity, true);
  }
  return prl::run_benchmarks(argc, argv);
}

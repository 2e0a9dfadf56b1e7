// Workers whose every byte is known: what they write is a function of (parameters, environment, round, step, field).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "core/actor.hpp"
#include "parallel/collect/collection_plan.hpp"

namespace prl::test {

// A float in [0, 1) that changes with every argument.
inline float mixed(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  std::uint32_t word = a;
  for (const std::uint32_t next : {b, c, d}) word = (word ^ next) * 2654435761U + (word >> 13);
  return static_cast<float>(word >> 8) * 0x1p-24F;
}

class FakeActor final : public Actor {
 public:
  // `on_round(first, round)` runs at the start of each of its rounds; it may end the process or wait.
  using OnRound = std::function<void(int first, int round, const std::atomic<bool>& stop)>;

  FakeActor(std::size_t parameter_count, OnRound on_round)
      : parameter_count_(parameter_count), on_round_(std::move(on_round)) {}

  bool collect(const float* parameters, const SegmentView& out, const std::atomic<bool>& stop) override {
    ++round_;
    if (on_round_) on_round_(out.first(), round_, stop);
    if (stop.load()) return false;
    float parameter_sum = 0.0F;
    for (std::size_t i = 0; i < parameter_count_; ++i) parameter_sum += parameters[i];
    for (int i = 0; i < out.count(); ++i) {
      const TrajectoryView block = out.trajectory(i);
      const auto environment = static_cast<std::uint32_t>(out.first() + i);
      for (std::uint32_t k = 0; k < out.layout().floats(); ++k) {
        block.observations[k] =
            mixed(environment, static_cast<std::uint32_t>(round_), k, charge_ ? 1 : 0) + parameter_sum;
      }
      for (int t = 0; t < out.layout().steps; ++t) block.ends[t] = static_cast<std::uint8_t>((t + out.first() + i) % 4);
    }
    return true;
  }

  void charge_step_cost(bool charge) override { charge_ = charge; }
  // Rounds count from that one on.
  void start_anew(std::uint64_t step) override { round_ = static_cast<int>(step >> 40) * kRoundsOfStart; }

  static constexpr int kRoundsOfStart = 1000000;

 private:
  std::size_t parameter_count_;
  OnRound on_round_;
  int round_ = 0;
  bool charge_ = true;
};

inline ActorFactory fake_actors(std::size_t parameter_count, FakeActor::OnRound on_round = {}) {
  return [=](int, int) { return std::make_unique<FakeActor>(parameter_count, on_round); };
}

// Waits until `stop`, for a minute at most.
inline void wait_for_stop(const std::atomic<bool>& stop) {
  for (int look = 0; look < 60000 && !stop.load(); ++look) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

inline CollectionPlan fake_plan(int workers, int environments) {
  CollectionPlan plan;
  plan.workers = workers;
  plan.environments = environments;
  plan.parameter_count = 37;
  plan.layout = {5, 3, 2};
  return plan;
}

// Parameters that differ from round to round.
inline void set_parameters(std::span<float> parameters, int round) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parameters[i] = mixed(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(round), 3, 4);
  }
}

inline std::vector<std::byte> bytes_of(const SegmentView& segment) {
  return {segment.bytes(), segment.bytes() + segment.size_bytes()};
}

}  // namespace prl::test

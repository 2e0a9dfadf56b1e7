// Actor and EnvironmentBatch for one environment type. The loop over the steps of a segment is compiled with the
// environment, so nothing in it is a virtual call.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

#include "core/actor.hpp"
#include "core/environment.hpp"
#include "core/environment_cost.hpp"
#include "core/environment_states.hpp"
#include "core/exploration.hpp"
#include "core/rollout_recorder.hpp"
#include "core/vector_env.hpp"

namespace prl {

struct ActorSetting {
  NetworkLayout layout;
  std::uint64_t seed = 0;
  StepCost step_cost;
  ExplorationSetting exploration = {};
  int episodes_each = 0;  // whole episodes of each environment a round; 0: a fixed number of steps
  StepCost reset_cost = {};
  // Of a run that goes on: where its environments stood; null for one that begins.
  std::shared_ptr<const EnvironmentStates> states = nullptr;
};

// Puts the environments from `first` on where those of a run stood; where it did not keep them, into new episodes.
template <Environment E>
void go_on_from(const EnvironmentStates& states, int first, VectorEnv<E>& environments) {
  if (states.bytes_each == 0) return environments.restart(states.steps);
  environments.continue_at(states.steps);
  for (int i = 0; i < environments.count(); ++i) environments.restore(i, states.of(first + i));
}

// Collects with the policy inside the worker.
template <Environment E>
class RolloutActor final : public Actor {
 public:
  RolloutActor(const ActorSetting& setting, int first, int count)
      : setting_(setting),
        environments_(setting.seed, static_cast<std::uint32_t>(first), count),
        recorder_(setting.layout, setting.seed, first, count, setting.exploration),
        observations_(static_cast<std::size_t>(count) * E::kObservationSize),
        cost_(setting.step_cost, setting.reset_cost, setting.seed, first, count) {
    if (setting.states != nullptr) {
      recorder_.continue_at(setting.states->steps);
      go_on_from(*setting.states, first, environments_);
    }
    environments_.observe(observations_.data());
  }

  bool collect(const float* parameters, const SegmentView& out, const std::atomic<bool>& stop) override {
    const int steps = out.layout().steps;
    int t = 0;
    for (bool last = false; !last; ++t) {
      if (stop.load(std::memory_order_relaxed)) return false;
      environments_.step(recorder_.act(parameters, observations_.data(), t, out));
      cost_.pay(environments_.finished(), stop);
      environments_.observe(observations_.data());
      last = t == steps - 1 || (cut_ != nullptr && cut_->due(t + 1));
      recorder_.record(parameters, environments_.rewards(), environments_.ends(), environments_.final_observations(),
                       observations_.data(), t, last, out);
    }
    if (t < steps) leave_out(t, out);
    if (out.layout().state_bytes > 0) {
      for (int i = 0; i < environments_.count(); ++i) environments_.keep(i, out.trajectory(i).kept_state);
    }
    return true;
  }

  void take_over(const SegmentView& kept) override {
    const std::uint64_t steps = recorder_.step();
    environments_ = VectorEnv<E>(setting_.seed, static_cast<std::uint32_t>(kept.first()), kept.count());
    recorder_ = RolloutRecorder(setting_.layout, setting_.seed, kept.first(), kept.count(), setting_.exploration);
    observations_ = AlignedBuffer<float>(static_cast<std::size_t>(kept.count()) * E::kObservationSize);
    cost_.pay_for(kept.first(), kept.count());
    recorder_.continue_at(steps);
    environments_.continue_at(steps);
    for (int i = 0; i < environments_.count(); ++i) environments_.restore(i, kept.trajectory(i).kept_state);
    environments_.observe(observations_.data());
  }

  void cut_early(const EarlyCut& cut) override { cut_ = &cut; }
  void charge_step_cost(bool charge) override { cost_.charge(charge); }

  void start_anew(std::uint64_t step) override {
    environments_.restart(step);
    recorder_.continue_at(step);
    cost_.continue_at(step);
    environments_.observe(observations_.data());
  }

 private:
  // The steps of a round from `taken` on. Their random numbers are left out, so that all environments go on at the same
  // step.
  void leave_out(int taken, const SegmentView& out) {
    const int steps = out.layout().steps;
    for (int i = 0; i < out.count(); ++i) std::fill_n(out.trajectory(i).ends + taken, steps - taken, kAbsent);
    const std::uint64_t next_round = recorder_.step() + static_cast<std::uint64_t>(steps - taken);
    environments_.continue_at(next_round);
    recorder_.continue_at(next_round);
    cost_.continue_at(next_round);
  }

  ActorSetting setting_;
  VectorEnv<E> environments_;
  RolloutRecorder recorder_;
  AlignedBuffer<float> observations_;
  CostPayer cost_;
  const EarlyCut* cut_ = nullptr;  // none: rounds are whole
};

// Steps environments for a learner that chooses the actions.
template <Environment E>
class RemoteEnvironments final : public EnvironmentBatch {
 public:
  RemoteEnvironments(const ActorSetting& setting, int first, int count)
      : environments_(setting.seed, static_cast<std::uint32_t>(first), count),
        cost_(setting.step_cost, setting.reset_cost, setting.seed, first, count) {
    if (setting.states != nullptr) go_on_from(*setting.states, first, environments_);
  }

  void observe(float* observations) const override { environments_.observe(observations); }

  bool step(const float* actions, const std::atomic<bool>& stop) override {
    environments_.step(actions);
    cost_.pay(environments_.finished(), stop);
    return !stop.load(std::memory_order_relaxed);
  }

  const float* rewards() const override { return environments_.rewards(); }
  const std::uint8_t* ends() const override { return environments_.ends(); }
  const float* final_observations() const override { return environments_.final_observations(); }
  void keep(std::byte* states) const override {
    for (int i = 0; i < environments_.count(); ++i) {
      environments_.keep(i, states + static_cast<std::size_t>(i) * VectorEnv<E>::kKeptBytes);
    }
  }
  void charge_step_cost(bool charge) override { cost_.charge(charge); }

 private:
  VectorEnv<E> environments_;
  CostPayer cost_;
};

}  // namespace prl

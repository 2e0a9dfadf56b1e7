// Actor that collects whole episodes: a fixed quota of each environment, from new starts every round.
//
// A round ends when the last environment has played its quota; steps are paid for environments that are still playing.
// A segment has as many steps as a quota can take, quota times the time limit; those after an environment's last episode
// are absent (core/episode_end.hpp).
#pragma once

#include <atomic>
#include <cstdint>

#include "core/actor.hpp"
#include "core/episode_recorder.hpp"
#include "core/rollout_actor.hpp"
#include "core/step_cost.hpp"
#include "core/vector_env.hpp"

namespace prl {

template <Environment E>
class EpisodeActor final : public Actor {
 public:
  // setting.episodes_each is the quota.
  EpisodeActor(const ActorSetting& setting, int first, int count)
      : environments_(setting.seed, static_cast<std::uint32_t>(first), count),
        recorder_(setting.layout, setting.seed, first, count, setting.episodes_each),
        observations_(static_cast<std::size_t>(count) * E::kObservationSize),
        cost_(setting.step_cost),
        first_step_(setting.states != nullptr ? setting.states->steps : 0) {}

  bool collect(const float* parameters, const SegmentView& out, const std::atomic<bool>& stop) override {
    environments_.restart(first_step_);
    recorder_.begin(first_step_);
    first_step_ += static_cast<std::uint64_t>(out.layout().steps);
    for (int t = 0; recorder_.live() > 0; ++t) {
      if (stop.load(std::memory_order_relaxed)) return false;
      environments_.observe(observations_.data());
      // Idle environments are stepped along: a lane of the vectorised loop is cheaper than leaving it out.
      environments_.step(recorder_.act(parameters, observations_.data(), t, out));
      if (charge_) pay_step_cost(cost_, recorder_.live(), stop);
      recorder_.record(environments_.rewards(), environments_.ends(), t, out);
    }
    return true;
  }

  void charge_step_cost(bool charge) override { charge_ = charge; }
  void start_anew(std::uint64_t step) override { first_step_ = step; }

 private:
  VectorEnv<E> environments_;
  EpisodeRecorder recorder_;
  AlignedBuffer<float> observations_;
  StepCost cost_;
  std::uint64_t first_step_;
  bool charge_ = true;
};

}  // namespace prl

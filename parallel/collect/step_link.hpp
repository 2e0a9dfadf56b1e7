// What connects a learner that chooses all actions with the workers that step the environments: actions out, outcomes
// in, a message each way and step (parallel/collect/remote_collector.hpp).
//
// What is counted, for the n environments of each of the workers 1 .. W - 1, O floats of observation, A of action:
//   a step out     n 4 A                     actions
//   a step in      n (4 O + 4 + 1) + 4 O e   next observations, rewards, ends, and the last observations of the e
//                                            episodes that ended
//   once           n 4 O                     first observations, before the first step
//   a round        2 * 16                    a command to each worker and an answer from each
// With K bytes of an environment's state, where those are kept, also n K at the end of a round. A round's command and
// answer are control, all others are trajectories: no weights cross.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/actor.hpp"
#include "parallel/collect/collector.hpp"

namespace prl {

// Outcomes of a step, rows of [environments].
struct OutcomeRows {
  float* observations = nullptr;  // next ones, [environments][observation_size]
  float* rewards = nullptr;
  std::uint8_t* ends = nullptr;
  float* final_observations = nullptr;  // rows are valid where the episode ended
  std::byte* states = nullptr;          // after a whole round, [environments][layout.state_bytes]
};

inline std::size_t action_bytes(int environments, int action_size) {
  return static_cast<std::size_t>(environments) * static_cast<std::size_t>(action_size) * sizeof(float);
}

inline std::size_t observation_bytes(int environments, int observation_size) {
  return static_cast<std::size_t>(environments) * static_cast<std::size_t>(observation_size) * sizeof(float);
}

inline std::size_t outcome_bytes(int environments, int observation_size, int ended) {
  return observation_bytes(environments + ended, observation_size) +
         static_cast<std::size_t>(environments) * (sizeof(float) + sizeof(std::uint8_t));
}

inline std::size_t state_bytes_of(const SegmentLayout& layout, int environments) {
  return static_cast<std::size_t>(layout.state_bytes) * static_cast<std::size_t>(environments);
}

inline int count_ended(const std::uint8_t* ends, int environments) {
  return static_cast<int>(std::count_if(ends, ends + environments, [](std::uint8_t end) { return end != 0; }));
}

// Writes the outcomes of a batch's last step into `rows`, of which row `first` is the batch's first environment.
void take_outcomes(const EnvironmentBatch& batch, int first, int environments, int observation_size,
                   const OutcomeRows& rows);

class StepLink {
 public:
  virtual ~StepLink() = default;

  // Where outcomes of all environments are; worker 0's rows are written by the learner's worker itself.
  virtual const OutcomeRows& rows() const = 0;

  // Tells the workers whether steps cost. The first time it also brings their observations into rows().
  virtual void begin_round(bool charge_step_cost, const std::atomic<bool>& stop) = 0;

  // Hands workers 1 .. W - 1 their actions of [N][action_size], which stay valid until finish_step().
  virtual void start_step(const float* actions) = 0;

  // Brings their outcomes into rows(). Passes `stop` on; the outcomes are then not to be used. Throws WorkerDied.
  virtual void finish_step(const std::atomic<bool>& stop) = 0;

  // Takes the workers' answers to a round that was completed, and the states of their environments.
  virtual void end_round() = 0;

  // Seconds of workers 1 .. W - 1 in the last completed round.
  virtual const std::vector<WorkerSeconds>& worker_seconds() const = 0;
  virtual CommunicationLedger& ledger() = 0;
};

}  // namespace prl

// The pipelined schedule: while the learner learns from round k, the workers collect round k + 1, so that a round takes as
// long as the longer of the two.
//
// Any lock-step collector collects, called by a thread beside the learner's, in which worker 0 acts: all W workers work
// beside the learner. Both sides have buffers of their own, parameters are copied one way and trajectories the other.
//
// Round k + 1 begins when the learner comes for round k, with what it has learned from rounds 0 .. k - 1: always one round
// behind, whatever the timing. So the bits are those of lock-step with parameters that are one round late
// (parallel/schedule/delayed_parameters.hpp), for every collector and number of workers.
//
// What is counted beside what the collector counts between its workers, a round, with S bytes of parameters:
//   weights        S                           a copy to worker 0
//   trajectories   worker 0's blocks           a copy from worker 0; of whole episodes the steps that were taken. With
//                                              central inference all blocks are worker 0's
// The copies' seconds are `transfer_seconds`; the learner's wait for a round is `waiting_seconds` of trajectories.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "parallel/collect/collection_plan.hpp"
#include "parallel/collect/collector.hpp"
#include "parallel/transport/turn_gate.hpp"

namespace prl {

class CollectingAhead final : public Collector {
 public:
  // Whether round `round`, counted from 0, pays the step cost.
  using Charged = std::function<bool(long round)>;

  // `collector` is for `plan`; no round after `rounds` is begun. `own`: environments whose trajectories worker 0 records.
  // Throws std::system_error where there is no thread to be had.
  CollectingAhead(const CollectionPlan& plan, EnvironmentRange own, std::unique_ptr<Collector> collector, long rounds,
                  Charged charged);
  ~CollectingAhead() override;
  CollectingAhead(const CollectingAhead&) = delete;
  CollectingAhead& operator=(const CollectingAhead&) = delete;

  // The learner's, which the workers see a round late.
  std::span<float> parameters() override { return parameters_.span(); }
  // Waits for the round and begins the next one. `stop` must outlive this. Throws what the collector throws.
  bool collect(const std::atomic<bool>& stop) override;
  SegmentView segment() const override { return segment_; }
  // Nothing: a round has begun before it could be said. Charged decides.
  void charge_step_cost(bool) override {}
  std::vector<WorkerSeconds> worker_seconds() const override { return worker_seconds_; }
  std::vector<long> worker_steps() const override { return worker_steps_; }
  std::span<const float> parameters_of_next_round() override { return collector_->parameters(); }
  // Before the first collect(): that is of round `round`, which acts with `parameters` in place of the learner's.
  void continue_at(long round, std::span<const float> parameters);
  double seconds_ahead() const override;
  void pause() override;
  CommunicationLedger& ledger() override { return ledger_; }

 private:
  void run();
  void begin();
  // Blocks until the collector has ended the round that was begun, if any.
  void await();
  // What the collector has of its last round.
  void take();

  CollectionPlan plan_;
  EnvironmentRange own_;
  std::unique_ptr<Collector> collector_;
  long rounds_;
  Charged charged_;
  AlignedBuffer<float> parameters_;
  AlignedBuffer<std::byte> blocks_;
  SegmentView segment_;
  std::vector<WorkerSeconds> worker_seconds_;
  std::vector<long> worker_steps_;
  CommunicationLedger ledger_;
  long begun_ = 0;          // rounds, those before continue_at() included
  bool first_ = true;       // nothing has been begun by this
  bool continued_ = false;  // and the first round's parameters are there
  bool under_way_ = false;  // a round that was begun and not waited for
  double begin_seconds_ = 0.0;
  double hand_out_seconds_ = 0.0;  // to copy the parameters that the round under way acts with
  const std::atomic<bool>* stop_of_caller_ = nullptr;
  TurnGate gate_{1};
  std::atomic<bool> stop_{false};
  std::atomic<bool> end_{false};
  std::atomic<double> end_seconds_{0.0};  // of the round under way; 0 before
  bool complete_ = true;                  // of the last round
  std::exception_ptr error_;              // of the last round
  std::thread thread_;
};

}  // namespace prl

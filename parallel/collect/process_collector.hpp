// Collecting in forked processes that carry the policy. Parameters and segment lie in memory that all of them share:
// workers read and write them where they are, nothing is copied, and a round is handed over by one word in memory.
//
// What is counted, for W workers and S bytes of parameters, a round:
//   weights        (W - 1) S                           read in place by workers 1 .. W - 1
//   trajectories   the blocks of workers 1 .. W - 1    written in place; of whole episodes
//                  the steps that were taken (taken_steps.hpp)
//   control        (W - 1) 2 * 16                      a command to each, an answer from each; where environments
//                  move, environment_division.hpp's messages
// `transfer_seconds` of control is the time to start the round, which wakes the workers; weights and trajectories take
// none. Worker 0's wait for the others is `waiting_seconds` of control.
#pragma once

#include <memory>

#include "parallel/collect/collection_plan.hpp"
#include "parallel/collect/collector.hpp"
#include "parallel/collect/cut_rounds.hpp"
#include "parallel/collect/environment_division.hpp"
#include "parallel/collect/round_header.hpp"
#include "parallel/transport/core_share.hpp"
#include "parallel/transport/process_group.hpp"
#include "parallel/transport/shared_region.hpp"
#include "parallel/transport/turn_gate.hpp"

namespace prl {

class ProcessCollector final : public Collector {
 public:
  // Forks workers 1 .. W - 1, so nothing may have started a thread yet (parallel/transport/process_group.hpp). Throws
  // std::invalid_argument for a plan that cannot be, std::runtime_error where memory or processes cannot be had.
  ProcessCollector(const CollectionPlan& plan, const ActorFactory& make_actor);

  std::span<float> parameters() override { return parameters_; }
  bool collect(const std::atomic<bool>& stop) override;
  SegmentView segment() const override { return segment_; }
  void charge_step_cost(bool charge) override { charge_ = charge; }
  std::vector<WorkerSeconds> worker_seconds() const override;
  std::vector<int> worker_environments() const override;
  CommunicationLedger& ledger() override { return ledger_; }

  // The processes, of which worker 0 is the calling one.
  const ProcessGroup& processes() const { return *processes_; }

 private:
  // What the workers share beside parameters and segment.
  struct Round {
    explicit Round(int followers) : gate(followers) {}
    TurnGate gate;
    RoundHeader command;
    std::atomic<bool> stop{false};                                // leave the round
    std::atomic<bool> end{false};                                 // leave for good
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> left{0};  // rounds, by all workers
  };
  struct alignas(kCacheLineBytes) Answer {
    RoundHeader header;
  };

  SegmentView part_of(int worker) const;
  void run_worker(int worker, const ActorFactory& make_actor);
  // The part that `worker` collects now; its actor takes over what moved.
  SegmentView next_part(int worker, const SegmentView& last_part, Actor& actor) const;
  // For the next round, from the division; all wait for it to begin.
  void set_ranges();
  void start_round();
  void await_answers(const std::atomic<bool>& stop);
  void tell_to_stop();

  CollectionPlan plan_;
  SharedRegion region_;
  std::span<float> parameters_;
  SegmentView segment_;
  Round& round_;
  std::span<Answer> answers_;           // by worker; worker 0's is its own record
  std::span<EnvironmentRange> ranges_;  // by worker, of this round
  EnvironmentDivision division_;        // worker 0's
  std::unique_ptr<ProcessGroup> processes_;
  std::unique_ptr<Actor> actor_;
  std::unique_ptr<CutRounds> rounds_;
  SegmentView own_part_;
  bool charge_ = true;
  CommunicationLedger ledger_;
  CoreShare share_;
};

}  // namespace prl

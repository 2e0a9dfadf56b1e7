// Central inference's workers as forked processes: actions and outcomes lie in memory that all of them share and are
// read and written in place; a step is handed over by one word in memory.
#pragma once

#include <memory>

#include "parallel/collect/collection_plan.hpp"
#include "parallel/collect/round_header.hpp"
#include "parallel/collect/step_link.hpp"
#include "parallel/transport/core_share.hpp"
#include "parallel/transport/process_group.hpp"
#include "parallel/transport/shared_region.hpp"
#include "parallel/transport/turn_gate.hpp"

namespace prl {

class ProcessStepLink final : public StepLink {
 public:
  // Forks workers 1 .. W - 1, so nothing may have started a thread yet (parallel/transport/process_group.hpp). Throws
  // std::invalid_argument for a plan that cannot be, std::runtime_error where memory or processes cannot be had.
  ProcessStepLink(const CollectionPlan& plan, const EnvironmentBatchFactory& make_batch);

  const OutcomeRows& rows() const override { return rows_; }
  void begin_round(bool charge_step_cost, const std::atomic<bool>& stop) override;
  void start_step(const float* actions) override;
  void finish_step(const std::atomic<bool>& stop) override;
  void end_round() override;
  const std::vector<WorkerSeconds>& worker_seconds() const override { return worker_seconds_; }
  CommunicationLedger& ledger() override { return ledger_; }

  const ProcessGroup& processes() const { return *processes_; }

 private:
  struct Step {
    explicit Step(int followers) : gate(followers) {}
    TurnGate gate;
    RoundHeader command;
    std::atomic<bool> stop{false};
    std::atomic<bool> end{false};
  };
  struct alignas(kCacheLineBytes) Answer {
    RoundHeader header;  // seconds since the last begin_round()
  };

  void run_worker(int worker, const EnvironmentBatchFactory& make_batch);
  void await_workers(const std::atomic<bool>& stop);
  void tell_to_stop();

  CollectionPlan plan_;
  SharedRegion region_;
  std::span<float> actions_;
  OutcomeRows rows_;
  Step& step_;
  std::span<Answer> answers_;
  std::unique_ptr<ProcessGroup> processes_;
  bool observed_ = false;
  std::vector<WorkerSeconds> worker_seconds_;
  CommunicationLedger ledger_;
  CoreShare share_;
};

}  // namespace prl

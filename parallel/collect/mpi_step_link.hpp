// Central inference's workers as MPI ranks: a message with its actions to each and one with its outcomes from each, a
// step. Every rank after 0 runs serve_mpi_steps().
#pragma once

#include "core/aligned_buffer.hpp"
#include "parallel/collect/collection_plan.hpp"
#include "parallel/collect/outcome_message.hpp"
#include "parallel/collect/round_header.hpp"
#include "parallel/collect/step_link.hpp"
#include "parallel/transport/mpi_session.hpp"

namespace prl {

class MpiStepLink final : public StepLink {
 public:
  // On rank 0. `session` must outlive it. Throws std::invalid_argument for a plan that cannot be.
  MpiStepLink(const CollectionPlan& plan, MpiSession& session);
  // Tells the other ranks to return from serve_mpi_steps().
  ~MpiStepLink() override;

  const OutcomeRows& rows() const override { return rows_; }
  void begin_round(bool charge_step_cost, const std::atomic<bool>& stop) override;
  void start_step(const float* actions) override;
  void finish_step(const std::atomic<bool>& stop) override;
  void end_round() override;
  const std::vector<WorkerSeconds>& worker_seconds() const override { return worker_seconds_; }
  CommunicationLedger& ledger() override { return ledger_; }

 private:
  void receive_first_observations(const std::atomic<bool>& stop);
  // Blocks until what was posted has arrived, passing `stop` on.
  void await_ranks(const std::atomic<bool>& stop);
  void receive_answers();
  void receive_states();

  CollectionPlan plan_;
  MpiSession& session_;
  AlignedBuffer<float> observations_;
  AlignedBuffer<float> rewards_;
  AlignedBuffer<std::uint8_t> ends_;
  AlignedBuffer<float> final_observations_;
  AlignedBuffer<std::byte> states_;
  OutcomeRows rows_;
  std::vector<OutcomeMessage> messages_;  // of rank 1, of rank 2, ...
  std::vector<MPI_Request> receives_;
  std::vector<MPI_Request> sends_;
  bool observed_ = false;
  int steps_ = 0;  // started in this round
  std::vector<WorkerSeconds> worker_seconds_;
  CommunicationLedger ledger_;
};

// What the ranks after 0 do until rank 0's link is destroyed. The plan is rank 0's.
void serve_mpi_steps(const CollectionPlan& plan, const EnvironmentBatchFactory& make_batch, MpiSession& session);

}  // namespace prl

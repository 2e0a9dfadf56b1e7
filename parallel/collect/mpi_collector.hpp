// Collecting in MPI ranks, as distributed PPO does in the document: weights out, trajectories in. Rank 0 learns and
// collects its own part; every other rank runs serve_mpi_collector().
//
// What is counted at rank 0, for W ranks and S bytes of parameters, a round:
//   weights        (W - 1) S                           a message to each rank
//   trajectories   the blocks of ranks 1 .. W - 1    a message from each, received in place; of whole
//                  episodes the steps that were taken, copied into place (taken_steps.hpp)
//   control        (W - 1) 2 * 16                      a command to each, an answer from each; where environments
//                  move, environment_division.hpp's messages, after the command
// The weights are offered to all ranks at once. Where a rank takes them without rank 0's help (MpiSession's
// delivers_alone()), rank 0 goes on to collect, and their transfer is the time to offer them and the longest time that a
// rank took to take them in. Elsewhere it is the longer of the time to hand them to the network, which may hold them for
// long after, and the longest time between a rank's command and its weights. Waking the ranks is transfer of control.
// A rank's trajectories follow its answer: the time in which no rank has answered that has not been served is
// `waiting_seconds` of control, and the rest of the time until all is there is transfer of trajectories.
#pragma once

#include <memory>

#include "core/aligned_buffer.hpp"
#include "parallel/collect/collection_plan.hpp"
#include "parallel/collect/collector.hpp"
#include "parallel/collect/cut_rounds.hpp"
#include "parallel/collect/environment_division.hpp"
#include "parallel/collect/round_header.hpp"
#include "parallel/transport/mpi_session.hpp"

namespace prl {

class MpiCollector final : public Collector {
 public:
  // On rank 0. `session` must outlive it. Throws std::invalid_argument for a plan that cannot be.
  MpiCollector(const CollectionPlan& plan, const ActorFactory& make_actor, MpiSession& session);
  // Tells the other ranks to return from serve_mpi_collector().
  ~MpiCollector() override;

  std::span<float> parameters() override { return parameters_.span(); }
  // `stop` reaches the ranks of this host at once, those of others at the end of their round.
  bool collect(const std::atomic<bool>& stop) override;
  SegmentView segment() const override { return segment_; }
  void charge_step_cost(bool charge) override { charge_ = charge; }
  std::vector<WorkerSeconds> worker_seconds() const override;
  std::vector<int> worker_environments() const override;
  CommunicationLedger& ledger() override { return ledger_; }

 private:
  SegmentView part_of(int worker) const;
  // The message for a rank whose environments are others than in the last round, from the states that came with it.
  void pack_change(int rank);
  void post_receives();
  void send_weights();
  void receive_trajectories(const std::atomic<bool>& stop);
  double slowest_receipt_seconds() const;
  // Whether a rank's answer is there and its trajectories are not.
  bool transfer_under_way() const;

  CollectionPlan plan_;
  MpiSession& session_;
  AlignedBuffer<float> parameters_;
  AlignedBuffer<std::byte> blocks_;
  SegmentView segment_;
  EnvironmentDivision division_;
  std::vector<std::vector<std::byte>> changes_;     // messages under way, by rank
  std::vector<AlignedBuffer<std::byte>> messages_;  // of whole episodes, by rank from 1
  std::unique_ptr<Actor> actor_;
  CutRounds rounds_;
  RoundHeader command_;
  RoundHeader other_command_{RoundCommand::kCollectOthers};
  std::vector<MPI_Request> sends_;     // commands and weights
  std::vector<RoundHeader> answers_;   // by rank; rank 0's is its own record
  std::vector<MPI_Request> requests_;  // answer and trajectories of rank 1, of rank 2, ...
  std::vector<int> finished_;          // scratch of MPI_Testsome
  bool charge_ = true;
  double handing_over_seconds_ = 0.0;  // this round's weights, to the network
  CommunicationLedger ledger_;
};

// What the ranks after 0 do until rank 0's collector is destroyed. The plan is rank 0's.
void serve_mpi_collector(const CollectionPlan& plan, const ActorFactory& make_actor, MpiSession& session);

}  // namespace prl

// Rounds of MPI ranks that all collect and learn by themselves, wait for nobody, and agree at ranks that serve parameters.
// A round is what it is where workers share memory (runner/free_learner_rounds.hpp).
#pragma once

#include <memory>
#include <optional>

#include "core/actor.hpp"
#include "core/aligned_buffer.hpp"
#include "parallel/agree/mpi_server_member.hpp"
#include "parallel/schedule/free_worker.hpp"
#include "parallel/schedule/mpi_segments.hpp"
#include "runner/round_runner.hpp"
#include "runner/run_configuration.hpp"
#include "runner/segment_counts.hpp"

namespace prl {

// A rank that works: its environments, parameters, gradient and learner, the servers and the segments as it sees them.
class MpiServedWorker {
 public:
  // `start`: the parameters that all ranks start from.
  MpiServedWorker(const RunConfiguration& configuration, const NetworkLayout& layout, const MpiSession& session,
                  const MpiServerRanks& ranks, std::unique_ptr<Actor> actor, std::span<const float> start);

  FreeWorker& worker() { return *worker_; }
  Actor& actor() { return *actor_; }
  const Learner& learner() const { return *learner_; }
  MpiServerMember& servers() { return servers_; }
  MpiSegments& segments() { return segments_; }

 private:
  std::unique_ptr<Actor> actor_;
  AlignedBuffer<std::byte> blocks_;
  AlignedBuffer<float> own_;
  AlignedBuffer<float> gradient_;
  std::unique_ptr<Learner> learner_;
  MpiServerMember servers_;
  MpiSegments segments_;
  std::unique_ptr<FreeWorker> worker_;
};

// Worker 0: it works like the others and counts the rounds.
class MpiServerRounds final : public RoundRunner {
 public:
  MpiServerRounds(const RunConfiguration& configuration, const NetworkLayout& layout, MpiSession& session,
                  const MpiServerRanks& ranks, std::unique_ptr<Actor> actor, std::span<const float> start);

  // After the last round: lets the others leave.
  void leave();

  // A copy of the servers', as they are now.
  std::span<float> parameters() override;
  // RoundSeconds::learn is worker 0's own; collect is all the rest.
  bool run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) override;
  void pause() override;
  void charge_step_cost(bool charge) override;
  // By all workers, those of the segments of the round.
  int updates_of_round() const override { return counts_.updates(); }
  std::optional<ReplayCounts> replay_counts() const override { return counts_.replay_counts(); }
  CommunicationLedger communication() override { return counts_.ledger(); }
  void reset_communication() override { counts_.ledger().reset(); }

 private:
  void take(RoundOutcome& outcome, const SegmentReport& report);
  void give_up();

  const RunConfiguration& configuration_;
  MpiSession& session_;
  MpiServedWorker member_;
  SegmentCounts counts_;
  AlignedBuffer<float> seen_;  // what parameters() found
  bool charged_ = true;
  bool ended_ = false;
  std::uint64_t round_ = 0;
  double running_since_seconds_ = 0.0;  // 0: nobody works
  double paused_seconds_ = 0.0;         // of the next round, worked before a pause
};

}  // namespace prl

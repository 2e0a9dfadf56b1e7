// Rounds of workers that all collect and learn by themselves, on parameters that they share without locks: A3C, where the
// rule is A2C's. A round is as many segments as there are workers, whoever worked on them, in the order in which they were
// finished; workers go on into the next rounds while one is counted.
#pragma once

#include <functional>
#include <memory>

#include "core/actor.hpp"
#include "core/aligned_buffer.hpp"
#include "parallel/schedule/hogwild_worker.hpp"
#include "runner/round_runner.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

// A worker's environments, copy of the parameters, gradient and learner.
class HogwildMember {
 public:
  HogwildMember(const RunConfiguration& configuration, const NetworkLayout& layout, HogwildParameters& parameters,
                int worker, std::unique_ptr<Actor> actor);

  HogwildWorker& worker() { return worker_; }
  Actor& actor() { return *actor_; }
  const Learner& learner() const { return *learner_; }
  std::span<float> copy() { return copy_.span(); }

 private:
  std::unique_ptr<Actor> actor_;
  AlignedBuffer<std::byte> blocks_;
  AlignedBuffer<float> copy_;
  AlignedBuffer<float> gradient_;
  std::unique_ptr<Learner> learner_;
  HogwildWorker worker_;
};

// What the workers of a run share.
class HogwildBoard {
 public:
  explicit HogwildBoard(const RunConfiguration& configuration, std::size_t parameter_count);

  HogwildParameters& parameters() { return parameters_; }
  SegmentTickets& tickets() { return tickets_; }

 private:
  HogwildParameters parameters_;
  SharedRegion region_;
  SegmentTickets tickets_;
};

// Worker 0: it works like the others and counts the rounds.
class HogwildRounds final : public RoundRunner {
 public:
  // Initialises the parameters from the run's seed. `check_others` throws if another worker has ended.
  HogwildRounds(const RunConfiguration& configuration, const NetworkLayout& layout, HogwildBoard& board,
                std::unique_ptr<Actor> actor, std::function<void()> check_others);

  // A copy, as it is now.
  std::span<float> parameters() override;
  // RoundSeconds::learn is worker 0's own; collect is all the rest.
  bool run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) override;
  void pause() override;
  void charge_step_cost(bool charge) override;
  int updates_of_round() const override { return static_cast<int>(workers_) * member_.learner().updates_due(); }
  std::optional<ReplayCounts> replay_counts() const override { return std::nullopt; }
  CommunicationLedger communication() override { return ledger_; }
  void reset_communication() override { ledger_.reset(); }

 private:
  // The segments that may be begun during a round.
  std::uint64_t limit_of(std::uint64_t round) const;
  void take(RoundOutcome& outcome, const SegmentReport& report);
  void give_up();

  std::uint64_t workers_;
  std::uint64_t warmup_rounds_;
  std::uint64_t all_rounds_;
  HogwildBoard& board_;
  std::function<void()> check_others_;
  HogwildMember member_;
  CommunicationLedger ledger_;
  std::uint64_t round_ = 0;
  double running_since_seconds_ = 0.0;  // 0: nobody works
  double paused_seconds_ = 0.0;         // of the next round, worked before a pause
};

}  // namespace prl

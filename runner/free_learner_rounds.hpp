// Rounds of workers that all collect and learn by themselves and wait for nobody: they step parameters that they share
// without locks (A3C, where the rule is A2C's), have a server step its own by their gradients, or learn on parameters of
// their own and merge them with a server's or average them in pairs (AD-PSGD). A round is as many segments as there are workers, whoever worked on them, in
// the order in which they were finished; workers go on into the next rounds while one is counted.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/actor.hpp"
#include "core/aligned_buffer.hpp"
#include "parallel/agree/gossip/pair_averaging.hpp"
#include "parallel/agree/hogwild_parameters.hpp"
#include "parallel/agree/merging_server.hpp"
#include "parallel/agree/parameter_agreement.hpp"
#include "parallel/schedule/companions.hpp"
#include "parallel/schedule/free_worker.hpp"
#include "runner/round_runner.hpp"
#include "runner/run_configuration.hpp"
#include "runner/segment_counts.hpp"

namespace prl {

// What the workers of a run share: the parameters, in the form that the agreement wants, and the tickets.
class FreeLearnerBoard {
 public:
  explicit FreeLearnerBoard(const RunConfiguration& configuration, std::size_t parameter_count);

  std::size_t size_bytes() const { return parameter_count_ * sizeof(float); }
  // As they are now, of workers that have none in common not to be asked for; before anybody works.
  void load(std::span<float> to, const Waiter& waiter);
  void store(std::span<const float> from);
  // Of workers that average in pairs, while none of them works: writes the average of their copies, returns how far
  // these are apart.
  double average_copies(std::span<float> to);

  // What workers step by their gradients; null where they merge parameters of their own.
  HogwildParameters* stepped() { return stepped_ ? &*stepped_ : nullptr; }
  // Whether copies and steps of these take turns.
  bool locked() const { return locked_; }
  // What they merge them with; else null.
  ServedParameters<float>* merged() { return merged_ ? &*merged_ : nullptr; }
  // Their copies, where they average in pairs; else null.
  GossipBoard<float>* copies() { return copies_ ? &*copies_ : nullptr; }
  SegmentTickets& tickets() { return tickets_; }

  // Puts right what a worker that has died held, as far as nobody has to be waited for. Returns whether it had finished a
  // segment since it was started.
  bool recover(int worker);
  // Segments and merges of FaultCounts.
  FaultCounts counts() const;
  // Whether the run's initial parameters were stored.
  bool has_parameters() const { return words_.stored.load(); }

 private:
  struct Words {
    std::atomic<bool> stored{false};
  };

  std::size_t parameter_count_;
  bool locked_;
  std::optional<HogwildParameters> stepped_;
  SharedRegion region_;
  Words& words_;
  std::optional<ServedParameters<float>> merged_;
  std::optional<GossipBoard<float>> copies_;
  SegmentTickets tickets_;
};

// A worker's environments, parameters of its own or a copy, gradient and learner.
class FreeLearnerMember {
 public:
  // `waiter` is how it waits for its turn at the server or at a copy.
  FreeLearnerMember(const RunConfiguration& configuration, const NetworkLayout& layout, FreeLearnerBoard& board,
                    int worker, std::unique_ptr<Actor> actor, Waiter waiter);

  FreeWorker& worker() { return *worker_; }
  Actor& actor() { return *actor_; }
  Learner& learner() { return *learner_; }
  const Learner& learner() const { return *learner_; }
  // The run's initial ones until it works; of a worker in the place of one that died, those that all share.
  std::span<const float> own() const { return own_; }

 private:
  // Goes on where one that died was: with new episodes and random numbers and the step size as annealed by now. Averages
  // of its own optimiser begin at 0.
  void replace(FreeLearnerBoard& board, int worker);

  std::unique_ptr<Actor> actor_;
  AlignedBuffer<std::byte> blocks_;
  AlignedBuffer<float> storage_;  // of own_, where the board has none
  std::span<float> own_;
  AlignedBuffer<float> gradient_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<ParameterAgreement<float>> server_;  // null where it meets none
  std::unique_ptr<PairAveraging<float>> pairs_;        // null where it has no neighbours
  std::unique_ptr<FreeWorker> worker_;
};

// Worker 0: it works like the others and counts the rounds.
class FreeLearnerRounds final : public RoundRunner {
 public:
  // Initialises the parameters from the run's seed.
  FreeLearnerRounds(const RunConfiguration& configuration, const NetworkLayout& layout, FreeLearnerBoard& board,
                    std::unique_ptr<Actor> actor, Companions& others);

  // A copy, as it is now; of workers that average in pairs, their average when it was last looked at.
  std::span<float> parameters() override;
  // RoundSeconds::learn is worker 0's own; collect is all the rest.
  bool run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) override;
  void pause() override;
  void charge_step_cost(bool charge) override;
  // Once nobody works. Where workers step shared parameters; of learners what all have in common, as worker 0 has it.
  void add_state(RunState& state) override;
  // By all workers, those of the segments of the round.
  int updates_of_round() const override { return counts_.updates(); }
  std::optional<ReplayCounts> replay_counts() const override { return counts_.replay_counts(); }
  CommunicationLedger communication() override { return counts_.ledger(); }
  void reset_communication() override { counts_.ledger().reset(); }
  std::optional<FaultCounts> faults() const override;

 private:
  // The segments of this process before those of a round.
  std::uint64_t tickets_until(std::uint64_t round) const { return (round - first_round_) * workers_; }
  void average_members(RoundOutcome& outcome);
  void give_up();

  const RunConfiguration& configuration_;
  std::uint64_t workers_;
  FreeLearnerBoard& board_;
  Companions& others_;
  std::function<void()> check_others_;
  FreeLearnerMember member_;
  SegmentCounts counts_;
  AlignedBuffer<float> seen_;  // what parameters() found
  std::uint64_t first_round_;  // of this process
  std::uint64_t round_;
  HogwildState kept_;                   // as of the last checkpoint
  double running_since_seconds_ = 0.0;  // 0: nobody works
  double paused_seconds_ = 0.0;         // of the next round, worked before a pause
};

}  // namespace prl

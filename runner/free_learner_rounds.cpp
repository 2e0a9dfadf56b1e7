#include "runner/free_learner_rounds.hpp"

#include <algorithm>
#include <utility>

#include "parallel/agree/gossip/member_average.hpp"
#include "parallel/schedule/hogwild_worker.hpp"
#include "parallel/schedule/pair_worker.hpp"
#include "parallel/schedule/server_worker.hpp"
#include "runner/checkpoint.hpp"
#include "runner/free_learner_plan.hpp"
#include "runner/starting_parameters.hpp"

namespace prl {
namespace {

std::uint64_t most_open(const RunConfiguration& c) {
  return (kRoundsAhead + 1) * static_cast<std::uint64_t>(c.workers);
}

// Of parameters that are merged or averaged, with a lock each: small beside a second-level cache, and so large that a
// lock costs little beside it.
int pieces_of(std::size_t parameter_count) {
  constexpr std::size_t kPiece = 8192;
  return static_cast<int>((parameter_count + kPiece - 1) / kPiece);
}

std::size_t bytes_of_own(const RunConfiguration& c, std::size_t parameter_count) {
  const int pieces = pieces_of(parameter_count);
  if (merges_parameters(c)) return ServedParameters<float>::bytes(parameter_count, pieces, c.workers);
  return c.gossips() ? GossipBoard<float>::bytes(c.workers, parameter_count, pieces) : 0;
}

}  // namespace

FreeLearnerBoard::FreeLearnerBoard(const RunConfiguration& c, std::size_t parameter_count)
    : parameter_count_(parameter_count),
      locked_(c.agreement == Agreement::kServer),
      region_("the workers' reports", SegmentTickets::bytes_for(c.workers, most_open(c)) +
                                          SharedRegion::bytes_for<Words>(1) + bytes_of_own(c, parameter_count)),
      words_(region_.make<Words>()),
      tickets_(region_, c.workers, most_open(c)) {
  if (merges_parameters(c)) {
    merged_.emplace(region_, parameter_count, pieces_of(parameter_count), c.workers);
  } else if (c.gossips()) {
    copies_.emplace(region_, c.workers, parameter_count, pieces_of(parameter_count));
  } else {
    stepped_.emplace(c.workers, parameter_count, c.averages);
    HogwildState before = stepped_->snapshot();
    RunState state;
    before.add_state(state);
    restore_state(c, state);
    stepped_->restore(before);
  }
}

void FreeLearnerBoard::load(std::span<float> to, const Waiter& waiter) {
  if (merged_) {
    merged_->load(to, waiter);
  } else {
    std::optional<SharedLockHold> held;
    if (locked_) held.emplace(stepped_->lock(), waiter);
    stepped_->load(to);
  }
}

void FreeLearnerBoard::store(std::span<const float> from) {
  if (merged_) {
    merged_->store(from, waiter_for(1));
  } else if (copies_) {
    copies_->store(from);
  } else {
    stepped_->store(from);
  }
  words_.stored.store(true);
}

// A merge is finished by the next process of the worker: here it would have to wait for others.
bool FreeLearnerBoard::recover(int worker) {
  if (stepped_) stepped_->recover(worker);
  if (copies_) copies_->recover(worker);
  return tickets_.recover(worker);
}

FaultCounts FreeLearnerBoard::counts() const {
  FaultCounts counts = tickets_.counts();
  if (stepped_) counts.merges_lost = static_cast<long>(stepped_->pushes_lost());
  return counts;
}

double FreeLearnerBoard::average_copies(std::span<float> to) {
  std::vector<const float*> copies;
  for (int member = 0; member < copies_->members(); ++member) copies.push_back(copies_->copy(member).data());
  return prl::average_copies<float>(copies, to);
}

FreeLearnerMember::FreeLearnerMember(const RunConfiguration& c, const NetworkLayout& layout, FreeLearnerBoard& board,
                                     int worker, std::unique_ptr<Actor> actor, Waiter waiter)
    : actor_(std::move(actor)),
      blocks_(segment_of(c, worker, nullptr).size_bytes()),
      storage_(board.merged() != nullptr ? 0 : layout.parameter_count),
      own_(board.merged() != nullptr ? board.merged()->own(worker) : storage_.span()),
      gradient_(layout.parameter_count) {
  const std::uint32_t start = board.tickets().starts(worker);
  const MergeSetting merging{c.merge_rate_or_mean(), c.refresh_after_merge};
  if (start > 0 && board.merged() != nullptr) board.merged()->recover(worker, merging.rate, waiter);
  start_parameters(c, layout, own_);
  const bool stands_in = start > 0 && board.has_parameters();
  if (stands_in && board.copies() == nullptr) board.load(own_, waiter);
  HogwildParameters* const stepped = board.stepped();
  learner_ = make_learner(c.rule, layout, plan_of_segments(c, start),
                          {own_, {gradient_.span()}, stepped != nullptr ? &stepped->shared(worker) : nullptr});
  if (stepped != nullptr) {
    RunState state;
    learner_->add_state(state);
    restore_state(c, state);
  }
  const SegmentView segment = segment_of(c, worker, blocks_.data());
  if (stepped != nullptr) {
    worker_ = std::make_unique<HogwildWorker>(*stepped, worker, *actor_, *learner_, segment, c.solved_return,
                                              board.locked() ? std::optional(std::move(waiter)) : std::nullopt);
  } else if (board.copies() != nullptr) {
    pairs_ = std::make_unique<PairAveraging<float>>(*board.copies(), c.graph, worker, own_, c.seed, std::move(waiter));
    if (stands_in) pairs_->publish(own_);  // nothing was learned yet: it takes its copy as others have left it
    worker_ =
        std::make_unique<PairWorker>(*pairs_, worker, *actor_, *learner_, segment, c.agree_every, c.solved_return);
  } else {
    server_ = std::make_unique<MergingMember<float>>(*board.merged(), merging, std::move(waiter), worker);
    worker_ =
        std::make_unique<ServerWorker>(*server_, worker, *actor_, *learner_, segment, c.agree_every, c.solved_return);
  }
  if (start > 0) replace(board, worker);
}

void FreeLearnerMember::replace(FreeLearnerBoard& board, int worker) {
  actor_->start_anew(first_step_of_start(board.tickets().starts(worker)));
  if (HogwildParameters* const stepped = board.stepped()) {
    // Finishing one round more and counting one less sets the step size to that of now.
    std::atomic<std::uint64_t>& rounds = *stepped->shared(worker).rounds;
    if (rounds.load() == 0) return;
    rounds.fetch_sub(1);
    learner_->finish_round();
    return;
  }
  const std::uint64_t finished = board.tickets().finished_by(worker);
  for (std::uint64_t round = 0; round < finished; ++round) learner_->finish_round();
}

FreeLearnerRounds::FreeLearnerRounds(const RunConfiguration& c, const NetworkLayout& layout, FreeLearnerBoard& board,
                                     std::unique_ptr<Actor> actor, Companions& others)
    : configuration_(c),
      workers_(static_cast<std::uint64_t>(c.workers)),
      board_(board),
      others_(others),
      check_others_([&others] { others.check(); }),
      member_(c, layout, board, 0, std::move(actor), waiter_for(c.workers, check_others_)),
      counts_(c.workers, board.size_bytes(), learns_on_own(c) ? Purpose::kWeights : Purpose::kGradients,
              member_.learner().replay_counts()),
      seen_(layout.parameter_count),
      first_round_(static_cast<std::uint64_t>(rounds_done_before(c))),
      round_(first_round_) {
  board_.store(member_.own());
  std::copy(member_.own().begin(), member_.own().end(), seen_.data());
}

std::span<float> FreeLearnerRounds::parameters() {
  if (board_.copies() != nullptr) return seen_.span();
  board_.load(seen_.span(), waiter_for(static_cast<int>(workers_), check_others_));
  return seen_.span();
}

bool FreeLearnerRounds::run_round(const std::atomic<bool>& stop, RoundOutcome& outcome) {
  const double begin_seconds = running_since_seconds_ > 0.0 ? running_since_seconds_ : monotonic_seconds();
  const Waiter waiter = waiter_for(static_cast<int>(workers_), [&] {
    if (stop.load()) board_.tickets().end();
    check_others_();
  });
  counts_.begin_round(outcome);
  SegmentTickets& tickets = board_.tickets();
  tickets.open_until(segments_open_in(configuration_, round_, first_round_));
  while (true) {
    SegmentReport report;
    while (tickets.taken() < tickets_until(round_ + 1) && tickets.take(report)) counts_.take(outcome, report);
    if (tickets.taken() == tickets_until(round_ + 1)) break;
    if (stop.load() || tickets.ended().load()) {
      give_up();
      return false;
    }
    check_others_();
    if (!tickets.begin(0, waiter)) {
      tickets.await_report(waiter);
    } else if (member_.worker().work(stop, report)) {
      tickets.finish(0, report, waiter);
    } else {
      tickets.give_up(0);
    }
  }
  ++round_;
  running_since_seconds_ = monotonic_seconds();
  outcome.seconds.collect = running_since_seconds_ - begin_seconds + paused_seconds_ - outcome.seconds.learn;
  paused_seconds_ = 0.0;
  const auto done = static_cast<long>(round_);
  const bool last = done == configuration_.warmup_rounds + configuration_.rounds;
  const bool looked_at = configuration_.evaluates_after(done - 1) || last;
  if (board_.copies() != nullptr && looked_at) average_members(outcome);
  return true;
}

std::optional<FaultCounts> FreeLearnerRounds::faults() const {
  const std::optional<FaultCounts> of_processes = others_.faults();
  if (!of_processes) return std::nullopt;
  FaultCounts counts = board_.counts();
  counts.ended = of_processes->ended;
  counts.replaced = of_processes->replaced;
  return counts;
}

void FreeLearnerRounds::pause() {
  board_.tickets().pause(waiter_for(static_cast<int>(workers_), check_others_));
  if (running_since_seconds_ > 0.0) paused_seconds_ += monotonic_seconds() - running_since_seconds_;
  running_since_seconds_ = 0.0;
}

// As after all segments that the workers have finished; the bytes are those of the reports that were taken.
void FreeLearnerRounds::average_members(RoundOutcome& outcome) {
  pause();
  outcome.members = {board_.average_copies(seen_.span()), counts_.ledger().of(Purpose::kWeights).bytes};
}

void FreeLearnerRounds::add_state(RunState& state) {
  pause();
  state.add(kKeptParameters, parameters());
  kept_ = board_.stepped()->snapshot();
  kept_.add_state(state);
  member_.learner().add_state(state);
}

// The others leave, so that the parameters stay as they are.
void FreeLearnerRounds::give_up() {
  board_.tickets().end();
  pause();
  if (board_.copies() != nullptr) board_.average_copies(seen_.span());
}

void FreeLearnerRounds::charge_step_cost(bool charge) {
  board_.tickets().charge_step_cost(charge);
  member_.actor().charge_step_cost(charge);
}

}  // namespace prl

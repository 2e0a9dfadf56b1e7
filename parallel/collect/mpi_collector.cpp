#include "parallel/collect/mpi_collector.hpp"

#include <algorithm>
#include <cstring>

#include "core/step_cost.hpp"
#include "parallel/collect/mpi_messages.hpp"
#include "parallel/collect/taken_steps.hpp"

namespace prl {
namespace {

const CollectionPlan& checked(const CollectionPlan& plan, const MpiSession& session) {
  check_mpi_plan(plan, session);
  return plan;
}

// This rank's blocks of the environments that a message names, with the states that they go on from: those that it does not
// have in `part` came with the message. `part` becomes the view of the new blocks; the old ones are still needed.
AlignedBuffer<std::byte> receive_change(const CollectionPlan& plan, const MpiSession& session, SegmentView& part) {
  const auto state_bytes = static_cast<std::size_t>(plan.layout.state_bytes);
  EnvironmentRange range;
  std::vector<std::byte> message(sizeof(range) + static_cast<std::size_t>(plan.environments) * state_bytes);
  receive(session, 0, kStatesTag, std::span(message));
  std::memcpy(&range, message.data(), sizeof(range));
  AlignedBuffer<std::byte> blocks(static_cast<std::size_t>(range.count) * plan.layout.block_bytes());
  const SegmentView next(plan.layout, blocks.data(), range.first, range.count);
  const EnvironmentRange before{part.first(), part.count()};
  const std::byte* gained = message.data() + sizeof(range);
  for (int i = 0; i < range.count; ++i) {
    const bool own = before.has(range.first + i);
    const std::byte* state = own ? part.trajectory(range.first + i - before.first).kept_state : gained;
    std::copy_n(state, state_bytes, next.trajectory(i).kept_state);
    if (!own) gained += state_bytes;
  }
  part = next;
  return blocks;
}

template <typename T>
std::span<const T> one(const T& value) {
  return {&value, 1};
}

}  // namespace

MpiCollector::MpiCollector(const CollectionPlan& plan, const ActorFactory& make_actor, MpiSession& session)
    : plan_(checked(plan, session)),
      session_(session),
      parameters_(plan.parameter_count),
      blocks_(plan.segment_bytes()),
      segment_(plan.layout, blocks_.data(), 0, plan.environments),
      division_(plan),
      changes_(static_cast<std::size_t>(plan.workers)),
      actor_(make_actor(0, environments_of(0, plan.workers, plan.environments).count)),
      rounds_(plan.cut_share, plan.workers, plan.layout.steps, session.left_rounds(), *actor_),
      answers_(static_cast<std::size_t>(plan.workers)),
      requests_(2 * static_cast<std::size_t>(plan.workers - 1), MPI_REQUEST_NULL),
      finished_(requests_.size()) {
  if (!plan.layout.whole_episodes) return;
  for (int rank = 1; rank < plan.workers; ++rank) messages_.emplace_back(most_crossing_bytes(part_of(rank)));
}

MpiCollector::~MpiCollector() { send_end(session_, plan_.workers); }

SegmentView MpiCollector::part_of(int worker) const {
  const EnvironmentRange range = division_.of(worker);
  return segment_.part(range.first, range.count);
}

void MpiCollector::pack_change(int rank) {
  const EnvironmentRange range = division_.of(rank);
  const EnvironmentRange before = division_.observed(rank);
  const auto state_bytes = static_cast<std::size_t>(plan_.layout.state_bytes);
  std::vector<std::byte>& message = changes_[static_cast<std::size_t>(rank)];
  message.resize(division_.message_bytes(rank));
  std::memcpy(message.data(), &range, sizeof(range));
  std::byte* next = message.data() + sizeof(range);
  for (int environment = range.first; environment < range.first + range.count; ++environment) {
    if (before.has(environment)) continue;
    next = std::copy_n(segment_.trajectory(environment).kept_state, state_bytes, next);
  }
}

bool MpiCollector::collect(const std::atomic<bool>& stop) {
  session_.keep_to_own_cores();
  if (plan_.workers > 1) {
    for (int rank = 1; rank < plan_.workers; ++rank) {
      if (division_.changed(rank)) pack_change(rank);
    }
    post_receives();
    send_weights();
  }
  if (division_.changed(0)) actor_->take_over(part_of(0));
  slow_down_this_thread(plan_.slowness_of(0));
  actor_->charge_step_cost(charge_);
  const double start_seconds = monotonic_seconds();
  answers_[0].flag = rounds_.collect(parameters_.data(), part_of(0), stop) ? 1 : 0;
  answers_[0].collecting_seconds = monotonic_seconds() - start_seconds;
  if (plan_.workers > 1) receive_trajectories(stop);
  if (stop.load()) session_.stop().store(false);
  const bool complete =
      std::all_of(answers_.begin(), answers_.end(), [](const RoundHeader& answer) { return answer.flag != 0; });
  if (plan_.by_speed && complete) division_.observe(worker_seconds());
  return complete;
}

// Before the weights leave, so that whatever comes back finds its place.
void MpiCollector::post_receives() {
  for (int rank = 1; rank < plan_.workers; ++rank) {
    const SegmentView part = part_of(rank);
    const std::size_t first = 2 * static_cast<std::size_t>(rank - 1);
    requests_[first] =
        start_receive(session_, rank, kHeaderTag, std::span(&answers_[static_cast<std::size_t>(rank)], 1));
    const std::span<std::byte> place = plan_.layout.whole_episodes
                                           ? messages_[static_cast<std::size_t>(rank - 1)].span()
                                           : std::span(part.bytes(), part.size_bytes());
    requests_[first + 1] = start_receive(session_, rank, kTrajectoriesTag, place);
  }
}

void MpiCollector::send_weights() {
  const double start_seconds = monotonic_seconds();
  command_.flag = charge_ ? 1 : 0;
  other_command_.flag = command_.flag;
  sends_.clear();
  for (int rank = 1; rank < plan_.workers; ++rank) {
    if (division_.changed(rank)) {
      const std::span<const std::byte> change(changes_[static_cast<std::size_t>(rank)]);
      sends_.push_back(post_send(session_, rank, kHeaderTag, one(other_command_)));
      sends_.push_back(post_send(session_, rank, kStatesTag, change));
    } else {
      sends_.push_back(post_send(session_, rank, kHeaderTag, one(command_)));
    }
    sends_.push_back(post_send(session_, rank, kWeightsTag, std::span<const float>(parameters_.span())));
    ledger_.add_message(Purpose::kControl, sizeof(command_));
    ledger_.add_message(Purpose::kWeights, plan_.parameter_bytes());
  }
  division_.count_messages(ledger_);
  const double posted_seconds = monotonic_seconds();
  for (int rank = 1; rank < plan_.workers; ++rank) session_.ring(rank);
  const double rung_seconds = monotonic_seconds();
  // Elsewhere they would wait until rank 0 has collected its own part.
  if (!session_.delivers_alone()) finish_all(session_, sends_, [] {});
  handing_over_seconds_ = monotonic_seconds() - rung_seconds;
  ledger_.add_transfer(Purpose::kWeights, posted_seconds - start_seconds + handing_over_seconds_);
  ledger_.add_transfer(Purpose::kControl, rung_seconds - posted_seconds);
}

bool MpiCollector::transfer_under_way() const {
  for (std::size_t i = 0; i < requests_.size(); i += 2) {
    if (requests_[i] == MPI_REQUEST_NULL && requests_[i + 1] != MPI_REQUEST_NULL) return true;
  }
  return false;
}

void MpiCollector::receive_trajectories(const std::atomic<bool>& stop) {
  double waiting_seconds = 0.0;
  double transfer_seconds = 0.0;
  double last_seconds = monotonic_seconds();
  const auto spend = [&](bool transfer) {
    const double now_seconds = monotonic_seconds();
    (transfer ? transfer_seconds : waiting_seconds) += now_seconds - last_seconds;
    last_seconds = now_seconds;
  };
  session_.waiting().until([&] {
    if (stop.load()) session_.stop().store(true);
    const bool under_way = transfer_under_way();
    spend(under_way);
    int count = 0;
    check_mpi(MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &count, finished_.data(),
                           MPI_STATUSES_IGNORE),
              "receive trajectories");
    if (count == MPI_UNDEFINED) count = 0;
    for (int i = 0; i < count; ++i) {
      const int request = finished_[static_cast<std::size_t>(i)];
      const int rank = request / 2 + 1;
      session_.ring(rank);
      if (request % 2 == 1 && plan_.layout.whole_episodes) {
        unpack_taken_steps(messages_[static_cast<std::size_t>(rank - 1)].span(), part_of(rank));
      }
    }
    // A message that was found is moved within the call.
    spend(under_way || count > 0);
    return std::all_of(requests_.begin(), requests_.end(), [](MPI_Request r) { return r == MPI_REQUEST_NULL; });
  });
  finish_all(session_, sends_, [] {});
  // While they are on their way rank 0 may wait for answers, unless the ranks take them from its own memory.
  const double on_their_way_seconds = std::max(slowest_receipt_seconds() - handing_over_seconds_, 0.0);
  if (!session_.delivers_alone()) waiting_seconds -= std::min(on_their_way_seconds, waiting_seconds);
  ledger_.add_waiting(Purpose::kControl, waiting_seconds);
  ledger_.add_transfer(Purpose::kTrajectories, transfer_seconds);
  ledger_.add_transfer(Purpose::kWeights, on_their_way_seconds);
  for (int rank = 1; rank < plan_.workers; ++rank) {
    ledger_.add_message(Purpose::kControl, sizeof(RoundHeader));
    ledger_.add_message(Purpose::kTrajectories, crossing_bytes(part_of(rank)));
  }
}

double MpiCollector::slowest_receipt_seconds() const {
  float slowest = 0.0F;
  for (int rank = 1; rank < plan_.workers; ++rank) {
    slowest = std::max(slowest, answers_[static_cast<std::size_t>(rank)].receiving_seconds);
  }
  return static_cast<double>(slowest);
}

std::vector<int> MpiCollector::worker_environments() const {
  return plan_.by_speed ? division_.observed_counts() : std::vector<int>();
}

std::vector<WorkerSeconds> MpiCollector::worker_seconds() const {
  std::vector<WorkerSeconds> seconds;
  for (const RoundHeader& answer : answers_) seconds.push_back({answer.collecting_seconds});
  return seconds;
}

void serve_mpi_collector(const CollectionPlan& plan, const ActorFactory& make_actor, MpiSession& session) {
  check_mpi_plan(plan, session);
  const EnvironmentRange range = environments_of(session.rank(), plan.workers, plan.environments);
  AlignedBuffer<float> parameters(plan.parameter_count);
  AlignedBuffer<std::byte> blocks(static_cast<std::size_t>(range.count) * plan.layout.block_bytes());
  SegmentView part(plan.layout, blocks.data(), range.first, range.count);
  AlignedBuffer<std::byte> message(plan.layout.whole_episodes ? most_crossing_bytes(part) : 0);
  const std::unique_ptr<Actor> actor = make_actor(range.first, range.count);
  CutRounds rounds(plan.cut_share, plan.workers, plan.layout.steps, session.left_rounds(), *actor);
  slow_down_this_thread(plan.slowness_of(session.rank()));
  while (true) {
    RoundHeader command;
    receive(session, 0, kHeaderTag, std::span(&command, 1));
    if (command.command == RoundCommand::kEnd) return;
    const double arrival_seconds = monotonic_seconds();
    if (command.command == RoundCommand::kCollectOthers) {
      blocks = receive_change(plan, session, part);
      actor->take_over(part);
    }
    receive(session, 0, kWeightsTag, parameters.span());
    actor->charge_step_cost(command.flag != 0);
    const double start_seconds = monotonic_seconds();
    const bool complete = rounds.collect(parameters.data(), part, session.stop());
    const RoundHeader answer{RoundCommand::kCollect, static_cast<std::uint16_t>(complete ? 1 : 0),
                             static_cast<float>(start_seconds - arrival_seconds), monotonic_seconds() - start_seconds};
    const std::span<const std::byte> trajectories =
        plan.layout.whole_episodes ? std::span<const std::byte>(message.data(), pack_taken_steps(part, message.span()))
                                   : std::span<const std::byte>(blocks.data(), part.size_bytes());
    MPI_Request sends[] = {start_send(session, 0, kHeaderTag, one(answer)),
                           start_send(session, 0, kTrajectoriesTag, trajectories)};
    finish_all(session, sends, [] {});
  }
}

}  // namespace prl

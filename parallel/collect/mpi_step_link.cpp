#include "parallel/collect/mpi_step_link.hpp"

#include "core/step_cost.hpp"
#include "parallel/collect/mpi_messages.hpp"

namespace prl {
namespace {

const CollectionPlan& checked(const CollectionPlan& plan, const MpiSession& session) {
  check_mpi_plan(plan, session);
  return plan;
}

std::size_t floats(int environments, int size) {
  return static_cast<std::size_t>(environments) * static_cast<std::size_t>(size);
}

}  // namespace

MpiStepLink::MpiStepLink(const CollectionPlan& plan, MpiSession& session)
    : plan_(checked(plan, session)),
      session_(session),
      observations_(floats(plan.environments, plan.layout.observation_size)),
      rewards_(floats(plan.environments, 1)),
      ends_(floats(plan.environments, 1)),
      final_observations_(observations_.size()),
      states_(state_bytes_of(plan.layout, plan.environments)),
      rows_{observations_.data(), rewards_.data(), ends_.data(), final_observations_.data(), states_.data()},
      receives_(floats(plan.workers - 1, 1), MPI_REQUEST_NULL),
      sends_(receives_.size(), MPI_REQUEST_NULL),
      worker_seconds_(receives_.size()) {
  for (int rank = 1; rank < plan.workers; ++rank) {
    const int count = environments_of(rank, plan.workers, plan.environments).count;
    messages_.emplace_back(count, plan.layout.observation_size);
  }
}

MpiStepLink::~MpiStepLink() { send_end(session_, plan_.workers); }

void MpiStepLink::begin_round(bool charge_step_cost, const std::atomic<bool>& stop) {
  session_.keep_to_own_cores();
  // A round that was stopped in its last step is answered all the same.
  if (steps_ == plan_.layout.steps) receive_answers();
  steps_ = 0;
  const RoundHeader command{RoundCommand::kCollect, static_cast<std::uint16_t>(charge_step_cost ? 1 : 0), 0.0F, 0.0};
  for (int rank = 1; rank < plan_.workers; ++rank) {
    sends_[static_cast<std::size_t>(rank - 1)] =
        start_send(session_, rank, kHeaderTag, std::span<const RoundHeader>(&command, 1));
    ledger_.add_message(Purpose::kControl, sizeof(command));
  }
  finish_all(session_, sends_, [] {});
  if (!observed_) receive_first_observations(stop);
  observed_ = true;
}

void MpiStepLink::receive_first_observations(const std::atomic<bool>& stop) {
  const int size = plan_.layout.observation_size;
  for (int rank = 1; rank < plan_.workers; ++rank) {
    const EnvironmentRange range = environments_of(rank, plan_.workers, plan_.environments);
    const std::span<float> rows(rows_.observations + range.first * size, floats(range.count, size));
    receives_[static_cast<std::size_t>(rank - 1)] = start_receive(session_, rank, kOutcomesTag, rows);
    ledger_.add_message(Purpose::kTrajectories, rows.size_bytes());
  }
  await_ranks(stop);
}

void MpiStepLink::start_step(const float* actions) {
  ++steps_;
  const double start_seconds = monotonic_seconds();
  const int size = plan_.layout.action_size;
  for (int rank = 1; rank < plan_.workers; ++rank) {
    const EnvironmentRange range = environments_of(rank, plan_.workers, plan_.environments);
    const auto index = static_cast<std::size_t>(rank - 1);
    const std::span<const float> own(actions + range.first * size, floats(range.count, size));
    receives_[index] = start_receive(session_, rank, kOutcomesTag, messages_[index].buffer());
    sends_[index] = start_send(session_, rank, kActionsTag, own);
    ledger_.add_message(Purpose::kTrajectories, own.size_bytes());
  }
  // Small enough to have left at once; if not, they leave while finish_step() waits.
  ledger_.add_transfer(Purpose::kTrajectories, monotonic_seconds() - start_seconds);
}

void MpiStepLink::finish_step(const std::atomic<bool>& stop) {
  await_ranks(stop);
  const double start_seconds = monotonic_seconds();
  for (int rank = 1; rank < plan_.workers; ++rank) {
    const EnvironmentRange range = environments_of(rank, plan_.workers, plan_.environments);
    const int ended = messages_[static_cast<std::size_t>(rank - 1)].unpack(range.first, rows_);
    ledger_.add_message(Purpose::kTrajectories, outcome_bytes(range.count, plan_.layout.observation_size, ended));
  }
  ledger_.add_transfer(Purpose::kTrajectories, monotonic_seconds() - start_seconds);
}

void MpiStepLink::await_ranks(const std::atomic<bool>& stop) {
  const double start_seconds = monotonic_seconds();
  finish_all(session_, sends_, [] {});
  finish_all(session_, receives_, [&] {
    if (stop.load()) session_.stop().store(true);
  });
  ledger_.add_waiting(Purpose::kTrajectories, monotonic_seconds() - start_seconds);
  if (stop.load()) session_.stop().store(false);
}

void MpiStepLink::end_round() {
  receive_answers();
  steps_ = 0;
}

void MpiStepLink::receive_answers() {
  std::vector<RoundHeader> answers(receives_.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    receives_[i] = start_receive(session_, static_cast<int>(i) + 1, kHeaderTag, std::span(&answers[i], 1));
    ledger_.add_message(Purpose::kControl, sizeof(RoundHeader));
  }
  finish_all(session_, receives_, [] {});
  for (std::size_t i = 0; i < answers.size(); ++i) worker_seconds_[i].collecting = answers[i].collecting_seconds;
  if (plan_.layout.state_bytes > 0) receive_states();
}

void MpiStepLink::receive_states() {
  for (int rank = 1; rank < plan_.workers; ++rank) {
    const EnvironmentRange range = environments_of(rank, plan_.workers, plan_.environments);
    const std::span<std::byte> own =
        states_.span().subspan(state_bytes_of(plan_.layout, range.first), state_bytes_of(plan_.layout, range.count));
    receives_[static_cast<std::size_t>(rank - 1)] = start_receive(session_, rank, kOutcomesTag, own);
    ledger_.add_message(Purpose::kTrajectories, own.size_bytes());
  }
  finish_all(session_, receives_, [] {});
}

namespace {

// One rank's half of the link.
class StepServer {
 public:
  StepServer(const CollectionPlan& plan, const EnvironmentRange& range, const EnvironmentBatchFactory& make_batch,
             MpiSession& session)
      : steps_(plan.layout.steps),
        session_(session),
        batch_(make_batch(range.first, range.count)),
        outcomes_(range.count, plan.layout.observation_size),
        actions_(floats(range.count, plan.layout.action_size)),
        first_observations_(floats(range.count, plan.layout.observation_size)),
        states_(state_bytes_of(plan.layout, range.count)) {
    batch_->observe(first_observations_.data());
  }

  // Returns false at the end of the run.
  bool take_command() {
    RoundHeader command;
    receive(session_, 0, kHeaderTag, std::span(&command, 1));
    if (command.command == RoundCommand::kEnd) return false;
    batch_->charge_step_cost(command.flag != 0);
    steps_left_ = steps_;
    collecting_seconds_ = 0.0;
    if (!observed_) {
      send(session_, 0, kOutcomesTag, std::span<const float>(first_observations_.span()));
      observed_ = true;
    }
    return true;
  }

  void step() {
    receive(session_, 0, kActionsTag, actions_.span());
    const double start_seconds = monotonic_seconds();
    batch_->step(actions_.data(), session_.stop());
    const std::span<const std::byte> message = outcomes_.pack(*batch_);
    collecting_seconds_ += monotonic_seconds() - start_seconds;
    send(session_, 0, kOutcomesTag, message);
    if (--steps_left_ > 0) return;
    const RoundHeader answer{RoundCommand::kCollect, 1, 0.0F, collecting_seconds_};
    send(session_, 0, kHeaderTag, std::span<const RoundHeader>(&answer, 1));
    if (states_.size() == 0) return;
    batch_->keep(states_.data());
    send(session_, 0, kOutcomesTag, std::span<const std::byte>(states_.span()));
  }

 private:
  int steps_;
  MpiSession& session_;
  std::unique_ptr<EnvironmentBatch> batch_;
  OutcomeMessage outcomes_;
  AlignedBuffer<float> actions_;
  AlignedBuffer<float> first_observations_;
  AlignedBuffer<std::byte> states_;
  bool observed_ = false;
  int steps_left_ = 0;
  double collecting_seconds_ = 0.0;
};

}  // namespace

void serve_mpi_steps(const CollectionPlan& plan, const EnvironmentBatchFactory& make_batch, MpiSession& session) {
  check_mpi_plan(plan, session);
  const EnvironmentRange range = environments_of(session.rank(), plan.workers, plan.environments);
  slow_down_this_thread(plan.slowness_of(session.rank()));
  StepServer server(plan, range, make_batch, session);
  while (true) {
    MPI_Status status;
    session.waiting().until([&] {
      int arrived = 0;
      check_mpi(MPI_Iprobe(0, MPI_ANY_TAG, session.communicator(), &arrived, &status), "look for a message");
      return arrived != 0;
    });
    if (status.MPI_TAG == kActionsTag) {
      server.step();
    } else if (!server.take_command()) {
      return;
    }
  }
}

}  // namespace prl

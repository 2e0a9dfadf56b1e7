#include "runner/tabular/tabular_servers.hpp"

#include "algorithms/tabular/server_learners.hpp"
#include "algorithms/tabular/table_learners.hpp"
#include "parallel/agree/merging_server.hpp"
#include "parallel/agree/shared_average.hpp"
#include "parallel/tabular/experience_rounds.hpp"
#include "parallel/tabular/server_rounds.hpp"

namespace prl {
namespace {

// A worker's own table and its copy of the server's, with its own visits.
struct LocalTables {
  explicit LocalTables(std::size_t pairs) : own(pairs, 0.0), theta(pairs, 0.0), visits(pairs, 0) {}

  std::vector<double> own;
  std::vector<double> theta;
  std::vector<std::uint32_t> visits;
};

// What a worker leaves for the record.
struct ServerCount {
  MergeLags lags;
  std::uint64_t bytes = 0;
};

class ServerCounts {
 public:
  explicit ServerCounts(int workers)
      : region_("a server's counts", SharedRegion::bytes_for<ServerCount>(static_cast<std::size_t>(workers))),
        counts_(region_.carve<ServerCount>(static_cast<std::size_t>(workers))) {}

  ServerCount& of(const TeamMember& member) { return counts_[static_cast<std::size_t>(member.worker())]; }

  void add_to(TabularResult& result) const {
    for (const ServerCount& count : counts_) {
      result.lags.add(count.lags);
      result.server_bytes += count.bytes;
    }
  }

 private:
  SharedRegion region_;
  std::span<ServerCount> counts_;
};

std::uint64_t bytes_in(CommunicationLedger& ledger) { return ledger.of(Purpose::kWeights).bytes; }

template <typename Source>
LocalLearner<Source> local_learner(const TabularParts& parts, const Source& source, LocalTables& tables) {
  return {source, parts.bootstrap(), parts.configuration.setting.step_size, tables.theta, tables.own, tables.visits};
}

// Worker 0 lays the table of the last meeting where it is looked at.
template <typename Source>
void run_averages(const TabularParts& parts, const Source& source) {
  const TabularConfiguration& c = parts.configuration;
  const auto steps_a_round = static_cast<std::uint64_t>(c.workers) * static_cast<std::uint64_t>(c.local_updates);
  const ServerPlan plan{c.steps / steps_a_round, static_cast<std::uint64_t>(c.local_updates),
                        std::max<std::uint64_t>(1, c.look_every / steps_a_round)};
  const std::size_t pairs = parts.table.pairs();
  SharedRegion region("the server's table", AverageBoard<double>::bytes(c.workers, pairs));
  AverageBoard<double> board(region, c.workers, pairs);
  ServerCounts counts(c.workers);
  std::uint64_t rounds = 0;
  parts.result.seconds = run_team(place_of(c.collect), c.workers, parts.stop, [&](TeamMember& member) {
    LocalTables tables(pairs);
    SharedAverage<double> agreement(board, member.worker(), member.waiter());
    const auto lay_out = [&] { std::copy(tables.theta.begin(), tables.theta.end(), parts.storage.q.begin()); };
    const std::uint64_t done =
        run_server_rounds(member, plan, agreement, local_learner(parts, source, tables), tables.own, tables.theta,
                          [&](std::uint64_t looked_at) {
                            lay_out();
                            return parts.looker.look(looked_at * steps_a_round, member.elapsed_seconds());
                          });
    counts.of(member).bytes = bytes_in(agreement.ledger());
    if (member.worker() != 0) return;
    rounds = done;
    lay_out();
  });
  counts.add_to(parts.result);
  parts.result.merges = rounds;
  parts.result.steps = rounds * steps_a_round;
}

// `make_worker(member, count)` gives what is called with each index of a worker; its `finish()` is called after the
// last. `snapshot` lays the server's table where it is looked at.
template <typename MakeWorker, typename Snapshot>
void run_freely(const TabularParts& parts, ServerCounts& counts, const MakeWorker& make_worker,
                const Snapshot& snapshot) {
  const TabularConfiguration& c = parts.configuration;
  const FreeRunPlan plan{c.steps, std::max<std::uint64_t>(1, c.look_every / static_cast<std::uint64_t>(c.workers))};
  parts.result.seconds = run_team(place_of(c.collect), c.workers, parts.stop, [&](TeamMember& member) {
    auto worker = make_worker(member, counts.of(member));
    run_free_updates(
        member, plan, parts.storage.steps, [&worker](std::uint64_t index) { worker(index); },
        [&] {
          snapshot(member.waiter());
          return parts.looker.look(total_steps(parts.storage.steps), member.elapsed_seconds());
        });
    worker.finish();
  });
  snapshot(waiter_for(1));
  counts.add_to(parts.result);
  parts.result.merges = parts.result.lags.count;
  parts.result.steps = total_steps(parts.storage.steps);
}

// A worker that merges its table after every `local_updates` of its updates.
template <typename Source>
class MergingWorker {
 public:
  MergingWorker(const TabularParts& parts, const Source& source, ServedParameters<double>& server, Waiter waiter,
                ServerCount& count)
      : tables_(parts.table.pairs()),
        learner_(local_learner(parts, source, tables_)),
        agreement_(server, {parts.configuration.merge_rate, parts.configuration.refresh_after_merge},
                   std::move(waiter)),
        refresh_(parts.configuration.refresh_after_merge),
        local_updates_(parts.configuration.local_updates),
        count_(count) {}
  MergingWorker(const MergingWorker&) = delete;
  MergingWorker& operator=(const MergingWorker&) = delete;

  void operator()(std::uint64_t index) {
    learner_(index);
    if (++unmerged_ == local_updates_) merge();
  }

  void finish() {
    if (unmerged_ > 0) merge();
    count_.bytes = bytes_in(agreement_.ledger());
  }

 private:
  void merge() {
    count_.lags.add(agreement_.meet(tables_.own).lag);
    const std::span<const double> theta = refresh_ ? std::span<const double>(tables_.own) : agreement_.received();
    std::copy(theta.begin(), theta.end(), tables_.theta.begin());
    unmerged_ = 0;
  }

  LocalTables tables_;
  LocalLearner<Source> learner_;
  MergingMember<double> agreement_;
  bool refresh_;
  int local_updates_;
  ServerCount& count_;
  int unmerged_ = 0;
};

template <typename Source>
void run_merges(const TabularParts& parts, const Source& source) {
  constexpr int kShards = 1;
  const std::size_t pairs = parts.table.pairs();
  SharedRegion region("the server's table", ServedParameters<double>::bytes(pairs, kShards));
  ServedParameters<double> server(region, pairs, kShards);
  ServerCounts counts(parts.configuration.workers);
  run_freely(
      parts, counts,
      [&](TeamMember& member, ServerCount& count) {
        return MergingWorker<Source>(parts, source, server, member.waiter(), count);
      },
      [&](const Waiter& waiter) { server.load(parts.storage.q, waiter); });
}

// A worker that sends every update and receives the table after every `local_updates` of them. A message holds a cell's
// number and what is to be added to it.
template <typename Source>
class GradientWorker {
 public:
  GradientWorker(const TabularParts& parts, const Source& source, ServerCount& count)
      : own_(parts.table.pairs(), 0.0),
        sender_(source, parts.bootstrap(), parts.configuration.setting.step_size, parts.storage.q, parts.storage.visits,
                own_),
        local_updates_(parts.configuration.local_updates),
        count_(count) {}
  GradientWorker(const GradientWorker&) = delete;
  GradientWorker& operator=(const GradientWorker&) = delete;

  void operator()(std::uint64_t index) {
    sender_(index);
    count_.bytes += sizeof(std::uint64_t) + sizeof(double);
    if (++sent_ < local_updates_) return;
    sender_.receive();
    count_.bytes += own_.size() * sizeof(double);
    sent_ = 0;
  }

  void finish() const {}

 private:
  std::vector<double> own_;
  GradientSender<Source> sender_;
  int local_updates_;
  ServerCount& count_;
  int sent_ = 0;
};

template <typename Source>
void run_gradients(const TabularParts& parts, const Source& source) {
  ServerCounts counts(parts.configuration.workers);
  run_freely(
      parts, counts, [&](TeamMember&, ServerCount& count) { return GradientWorker<Source>(parts, source, count); },
      [](const Waiter&) {});
  parts.result.merges = parts.result.steps;
}

template <typename Source>
void run_experience(const TabularParts& parts, const Source& source) {
  const TabularConfiguration& c = parts.configuration;
  const auto batch = static_cast<std::uint64_t>(c.batch);
  const std::uint64_t batches_between_looks = std::max<std::uint64_t>(1, c.look_every / batch);
  const SingleLearner<Source> learner(source, parts.bootstrap(), c.setting.step_size, parts.storage.q,
                                      parts.storage.visits);
  ExperienceCount count;
  parts.result.seconds = run_team(place_of(c.collect), c.workers, parts.stop, [&](TeamMember& member) {
    run_experience_rounds(
        member, {c.batch, c.steps / batch}, parts.storage.bins,
        [&](std::uint64_t index) { return learner.draw(index); },
        [&](const TabularTransition& transition) { learner.update(transition); }, count,
        [&](std::uint64_t batches) {
          return batches % batches_between_looks == 0 && parts.looker.look(batches * batch, member.elapsed_seconds());
        });
  });
  parts.result.received = count.received;
  parts.result.server_bytes = count.received * sizeof(TabularTransition);
  parts.result.merges = count.updates;
  parts.result.steps = count.updates;
}

template <typename Source>
void run_by_agreement(const TabularParts& parts, const Source& source) {
  const TabularConfiguration& c = parts.configuration;
  if (c.agreement == TableAgreement::kExperience) {
    run_experience(parts, source);
  } else if (c.agreement == TableAgreement::kGradients) {
    run_gradients(parts, source);
  } else if (c.schedule == Schedule::kLockStep) {
    run_averages(parts, source);
  } else {
    run_merges(parts, source);
  }
  parts.result.updates = parts.result.steps;
}

}  // namespace

void run_with_server(const TabularParts& parts, const ModelSource<TransitionTable>& source) {
  run_by_agreement(parts, source);
}

void run_with_server(const TabularParts& parts, const PoolSource& source) { run_by_agreement(parts, source); }

}  // namespace prl

// Agreeing on an update, with the parameters of two separate 256x256 networks (135,000 floats) and two members:
//
//   agreement/update/KIND/members:2          sum of the gradients, Adam's step, everybody has the new parameters
//   agreement/all_reduce/KIND/members:2…4    the same without the optimiser: everybody has the sum
//
// KIND: threads of one learner, forked processes on shared memory, MPI ranks by the suite's messages. For all_reduce also
// MPI ranks on a ring or by recursive halving and doubling, the MPI library's reduce-scatter and all-gather in their
// place, and its MPI_Allreduce, the bound that it sets. Gradients are given: computing them is ppo_update's subject.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/flat_learner.hpp"
#include "benchmarks/harness.hpp"
#include "benchmarks/mpi_harness.hpp"
#include "core/aligned_buffer.hpp"
#include "parallel/agree/mpi_library_collective.hpp"
#include "parallel/agree/shared_gradients.hpp"
#include "parallel/agree/thread_update.hpp"
#include "parallel/agree/transport_gradients.hpp"
#include "parallel/transport/mpi_error.hpp"
#include "parallel/transport/mpi_transport.hpp"
#include "parallel/transport/process_group.hpp"

namespace prl {
namespace {

using benchmark::IterationCount;

constexpr std::size_t kParameters = 135000;
constexpr int kMembers = 2;

void count_updates(benchmark::State& state, int members = kMembers) {
  set_rate(state, "updates/s", static_cast<double>(state.iterations()));
  label_oversubscribed(state, members);
}

// Parameters and gradients of one learner outside of shared memory.
struct OwnStorage {
  explicit OwnStorage(int shards) : parameters(kParameters) {
    for (int shard = 0; shard < shards; ++shard) gradients.emplace_back(kParameters);
  }
  LearnerStorage spans() {
    LearnerStorage storage{parameters.span(), {}};
    for (AlignedBuffer<float>& gradient : gradients) storage.gradients.push_back(gradient.span());
    return storage;
  }
  AlignedBuffer<float> parameters;
  std::vector<AlignedBuffer<float>> gradients;
};

void with_threads(benchmark::State& state, Application application) {
  // As many updates a round as PPO's, because the threads are woken once a round.
  constexpr int kUpdates = 320;
  OwnStorage storage(kMembers);
  FlatLearner learner(storage.spans(), application, kUpdates);
  ThreadUpdate threads(learner, kMembers, kMembers);
  while (state.KeepRunningBatch(kUpdates)) threads.run();
  count_updates(state);
}

LearnerStorage storage_of(GradientBoard& board, int member) {
  return {board.parameters(), {board.gradient(member, 0)}};
}

void with_processes(benchmark::State& state, Application application) {
  GradientBoard board(kMembers, 1, kParameters);
  ProcessGroup processes(
      kMembers,
      [&](int member) {
        FlatLearner learner(storage_of(board, member), application, 1);
        SharedGradients agreement(board, member);
        for (IterationCount i = 0; i < state.max_iterations; ++i) agreement.update(learner);
      },
      [] {});
  FlatLearner learner(storage_of(board, 0), application, 1);
  SharedGradients agreement(board, 0, [&processes] { processes.check_alive(); });
  while (state.KeepRunning()) agreement.update(learner);
  count_updates(state);
}

using CollectiveFactory = std::function<std::unique_ptr<GradientCollective>(MpiTransport&)>;

CollectiveFactory by_messages(AllReduce kind) {
  return [kind](MpiTransport& transport) { return make_collective(kind, transport, kParameters); };
}

std::unique_ptr<GradientCollective> by_the_library(MpiTransport& transport) {
  return std::make_unique<MpiLibraryCollective>(transport, kParameters);
}

void with_ranks(benchmark::State& state, Application application, const CollectiveFactory& collective,
                IterationCount batch, MpiSession& session) {
  OwnStorage storage(1);
  FlatLearner learner(storage.spans(), application, 1);
  MpiTransport transport(session);
  TransportGradients agreement(transport, kParameters, 1, collective(transport));
  measure_ranks(state, session, batch, [&](IterationCount iterations) {
    for (IterationCount i = 0; i < iterations; ++i) agreement.update(learner);
  });
  count_updates(state, session.size());
}

void with_mpi_library(benchmark::State& state, IterationCount batch, const MpiSession& session) {
  OwnStorage storage(1);
  measure_ranks(state, session, batch, [&](IterationCount iterations) {
    for (IterationCount i = 0; i < iterations; ++i) {
      check_mpi(MPI_Allreduce(storage.gradients[0].data(), storage.parameters.data(), static_cast<int>(kParameters),
                              MPI_FLOAT, MPI_SUM, session.communicator()),
                "sum the gradients");
    }
  });
  count_updates(state, session.size());
}

constexpr IterationCount kBatch = 32;

std::string with_count(const std::string& name, int members) { return name + "/members:" + std::to_string(members); }

void register_agreement(const std::string& name, Application application, std::optional<MpiSession>& session) {
  register_local(with_count(name + "/processes", kMembers),
                 [=](benchmark::State& state) { with_processes(state, application); });
  register_local(with_count(name + "/threads", kMembers),
                 [=](benchmark::State& state) { with_threads(state, application); });
  register_mpi(with_count(name + "/mpi", kMembers), kMembers, 20 * kBatch, [=, &session](benchmark::State& state) {
    with_ranks(state, application, by_messages(AllReduce::kDirect), kBatch, *session);
  });
}

void register_collectives(std::optional<MpiSession>& session) {
  const std::string name = "agreement/all_reduce/";
  const std::pair<const char*, CollectiveFactory> collectives[] = {
      {"mpi", by_messages(AllReduce::kDirect)},
      {"mpi_ring", by_messages(AllReduce::kRing)},
      {"mpi_halving_doubling", by_messages(AllReduce::kHalvingDoubling)},
      {"mpi_library_halves", by_the_library}};
  for (const int members : {kMembers, 2 * kMembers}) {
    for (const auto& [kind, collective] : collectives) {
      if (members == kMembers && std::string_view(kind) == "mpi") continue;  // is there already
      register_mpi(with_count(name + kind, members), members, 20 * kBatch,
                   [collective = collective, &session](benchmark::State& state) {
                     with_ranks(state, Application::kCopy, collective, kBatch, *session);
                   });
    }
    register_mpi(with_count(name + "mpi_library", members), members, 20 * kBatch,
                 [&session](benchmark::State& state) { with_mpi_library(state, kBatch, *session); });
  }
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  std::optional<prl::MpiSession> session;
  if (prl::launched_by_mpi()) session.emplace();
  prl::register_agreement("agreement/update", prl::Application::kAdam, session);
  prl::register_agreement("agreement/all_reduce", prl::Application::kCopy, session);
  prl::register_collectives(session);
  return prl::run_benchmarks_of_ranks(argc, argv);
}

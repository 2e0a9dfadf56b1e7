// The asynchronous parameter server in shared memory, with the parameters of two separate 256x256 networks (135,000
// floats), by one worker alone or by two at the same time:
//
//   server/merge/threads:1|2      a worker's parameters merged with the server's, and the server's received back
//   server/copy/threads:1|2       the same bytes copied: each thread's own to memory that is its own as well, and back
//   server/handed_copy/threads:2  the same bytes copied, to and from memory that the other thread has written last
//   server/exchange/threads:2     the same bytes by messages, between two members of the shared-memory transport
//
// The last three are what the bytes of a merge cost without it: the bounds that memory sets, for one worker alone and,
// since the server's parameters go from core to core, for two; and the suite's messages. With a rank that serves:
//
//   server/merge/mpi/ranks:2      a worker's parameters merged by the other rank, and the server's received back
//   server/messages/mpi/ranks:2   the same bytes by messages: as many floats there, and the same ones back
//   server/exchange/mpi/ranks:2   the same bytes by messages that cross each other, of floats that nobody writes
//
// What goes back by messages has come from the other rank, as in a merge: bytes that the other core has written last take
// about twice as long as those that nobody has touched.
#include <algorithm>
#include <array>
#include <optional>

#include "benchmarks/harness.hpp"
#include "benchmarks/mpi_harness.hpp"
#include "core/aligned_buffer.hpp"
#include "parallel/agree/merging_server.hpp"
#include "parallel/agree/mpi_parameter_server.hpp"
#include "parallel/agree/mpi_server_member.hpp"
#include "parallel/transport/mpi_transport.hpp"
#include "parallel/transport/shared_barrier.hpp"
#include "parallel/transport/shared_memory_transport.hpp"

namespace prl {
namespace {

constexpr std::size_t kParameters = 135000;
constexpr int kPieces = 17;  // as many as the runner makes of them
constexpr int kMostThreads = 2;

void count_merges(benchmark::State& state) {
  set_rate(state, "merges/s", static_cast<double>(state.iterations()));
  label_oversubscribed(state, state.threads());
}

void fill(AlignedBuffer<float>& values, int thread) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1e-3F * static_cast<float>((i + thread) % 17);
}

void merge(benchmark::State& state) {
  static SharedRegion region("the server", ServedParameters<float>::bytes(kParameters, kPieces));
  static ServedParameters<float> board(region, kParameters, kPieces);
  AlignedBuffer<float> own(kParameters);
  fill(own, state.thread_index());
  MergingMember<float> server(board, {0.5, true}, waiter_for(state.threads()));
  while (state.KeepRunning()) server.meet(own.span());
  count_merges(state);
}

void copy(benchmark::State& state) {
  AlignedBuffer<float> own(kParameters);
  AlignedBuffer<float> there(kParameters);
  fill(own, state.thread_index());
  while (state.KeepRunning()) {
    std::copy_n(own.data(), own.size(), there.data());
    benchmark::ClobberMemory();
    std::copy_n(there.data(), there.size(), own.data());
    benchmark::ClobberMemory();
  }
  count_merges(state);
}

// Two places that the threads swap after every copy.
void handed_copy(benchmark::State& state) {
  static std::array<AlignedBuffer<float>, 2> places = {AlignedBuffer<float>(kParameters),
                                                       AlignedBuffer<float>(kParameters)};
  static SharedBarrier swapped(kMostThreads);
  AlignedBuffer<float> own(kParameters);
  fill(own, state.thread_index());
  std::size_t place = static_cast<std::size_t>(state.thread_index());
  const Waiter waiter = waiter_for(kMostThreads);
  while (state.KeepRunning()) {
    float* const there = places[place].data();
    std::copy_n(there, own.size(), own.data());
    benchmark::ClobberMemory();
    std::copy_n(own.data(), own.size(), there);
    benchmark::ClobberMemory();
    place = 1 - place;
    swapped.arrive_and_wait(waiter);
  }
  count_merges(state);
}

void exchange(benchmark::State& state) {
  static SharedMailboxes mailboxes(kMostThreads);
  AlignedBuffer<float> own(kParameters);
  AlignedBuffer<float> received(kParameters);
  fill(own, state.thread_index());
  SharedMemoryTransport transport(mailboxes, state.thread_index());
  const int other = 1 - state.thread_index();
  while (state.KeepRunning()) {
    transport.exchange(other, std::as_bytes(own.span()), other, std::as_writable_bytes(received.span()),
                       Purpose::kWeights);
  }
  count_merges(state);
}

constexpr benchmark::IterationCount kBatch = 200;

void merge_by_ranks(benchmark::State& state, const MpiSession& session) {
  const MpiServerRanks ranks{1, 1, kParameters};
  AlignedBuffer<float> own(kParameters);
  fill(own, session.rank());
  std::optional<MpiServerMember> member;
  std::optional<MpiParameterServer> server;
  if (session.rank() == 0) {
    member.emplace(session, ranks, true);
  } else {
    server.emplace(session, ranks, own.span(), 0.5);
  }
  measure_ranks(state, session, kBatch, [&](benchmark::IterationCount merges) {
    for (benchmark::IterationCount i = 0; i < merges; ++i) {
      if (member) member->meet(own.span());
      if (server) session.waiting().until([&] { return server->poll(); });
    }
  });
  count_merges(state);
}

void messages_of_ranks(benchmark::State& state, MpiSession& session, bool crossing) {
  AlignedBuffer<float> own(kParameters);
  AlignedBuffer<float> received(kParameters);
  fill(own, session.rank());
  MpiTransport transport(session);
  const int other = 1 - session.rank();
  const auto send = [&] { transport.send(other, std::as_bytes(own.span()), Purpose::kWeights); };
  const auto receive = [&] { transport.receive(other, std::as_writable_bytes(own.span()), Purpose::kWeights); };
  measure_ranks(state, session, kBatch, [&](benchmark::IterationCount times) {
    for (benchmark::IterationCount i = 0; i < times; ++i) {
      if (crossing) {
        transport.exchange(other, std::as_bytes(own.span()), other, std::as_writable_bytes(received.span()),
                           Purpose::kWeights);
      } else if (session.rank() == 0) {
        send();
        receive();
      } else {
        receive();
        send();
      }
    }
  });
  count_merges(state);
}

void register_threads() {
  const auto add = [](const char* name, void (*body)(benchmark::State&), int fewest_threads) {
    benchmark::RegisterBenchmark(name, body)
        ->ThreadRange(fewest_threads, kMostThreads)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  };
  add("server/merge", merge, 1);
  add("server/copy", copy, 1);
  add("server/handed_copy", handed_copy, kMostThreads);
  add("server/exchange", exchange, kMostThreads);
}

void register_ranks(std::optional<MpiSession>& session) {
  const auto add = [](const char* name, const BenchmarkFunction& body) { register_mpi(name, 2, 10 * kBatch, body); };
  add("server/merge/mpi/ranks:2", [&](benchmark::State& state) { merge_by_ranks(state, *session); });
  add("server/messages/mpi/ranks:2", [&](benchmark::State& state) { messages_of_ranks(state, *session, false); });
  add("server/exchange/mpi/ranks:2", [&](benchmark::State& state) { messages_of_ranks(state, *session, true); });
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  std::optional<prl::MpiSession> session;
  if (prl::launched_by_mpi()) {
    session.emplace();
  } else {
    prl::register_threads();
  }
  prl::register_ranks(session);
  return prl::run_benchmarks_of_ranks(argc, argv);
}

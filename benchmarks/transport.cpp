// Transports between two workers:
//
//   transport/round_trip/KIND/bytes:B    a message of B bytes and one of B bytes back; half the time is a latency
//   transport/stream/KIND/bytes:B        64 messages of B bytes one way, then one byte back; bytes/s is the bandwidth
//
// KIND: threads of a process or forked processes through shared memory, or MPI ranks of one host.
#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "benchmarks/harness.hpp"
#include "benchmarks/mpi_harness.hpp"
#include "core/aligned_buffer.hpp"
#include "parallel/transport/mpi_transport.hpp"
#include "parallel/transport/process_group.hpp"
#include "parallel/transport/shared_memory_transport.hpp"

namespace prl {
namespace {

using benchmark::IterationCount;

// One iteration: `messages` messages of `message_bytes`, then one of `answer_bytes` back.
struct Pattern {
  std::size_t message_bytes;
  int messages;
  std::size_t answer_bytes;

  std::size_t bytes() const { return message_bytes * static_cast<std::size_t>(messages) + answer_bytes; }
};

// One worker's half of the iterations; worker 0 sends the messages.
class Partner {
 public:
  Partner(const Pattern& pattern, Transport& transport)
      : pattern_(pattern), transport_(transport), message_(pattern.message_bytes), answer_(pattern.answer_bytes) {}

  void run(IterationCount iterations) {
    for (IterationCount i = 0; i < iterations; ++i) transport_.rank() == 0 ? call() : answer();
  }

 private:
  void call() {
    for (int m = 0; m < pattern_.messages; ++m) transport_.send(1, message_.span(), Purpose::kControl);
    transport_.receive(1, answer_.span(), Purpose::kControl);
  }
  void answer() {
    for (int m = 0; m < pattern_.messages; ++m) transport_.receive(0, message_.span(), Purpose::kControl);
    transport_.send(0, answer_.span(), Purpose::kControl);
  }

  Pattern pattern_;
  Transport& transport_;
  AlignedBuffer<std::byte> message_;
  AlignedBuffer<std::byte> answer_;
};

void count_bytes(benchmark::State& state, const Pattern& pattern) {
  set_rate(state, "bytes/s", static_cast<double>(state.iterations()) * static_cast<double>(pattern.bytes()));
}

void measure_first(benchmark::State& state, const Pattern& pattern, SharedMailboxes& mailboxes) {
  SharedMemoryTransport transport(mailboxes, 0);
  Partner partner(pattern, transport);
  while (state.KeepRunning()) partner.run(1);
  count_bytes(state, pattern);
  label_oversubscribed(state, 2);
}

// The second worker counts the iterations, so it needs no telling when to end.
void run_second(const Pattern& pattern, SharedMailboxes& mailboxes, IterationCount iterations) {
  SharedMemoryTransport transport(mailboxes, 1);
  Partner(pattern, transport).run(iterations);
}

void between_processes(benchmark::State& state, const Pattern& pattern) {
  SharedMailboxes mailboxes(2);
  const ProcessGroup processes(
      2, [&](int) { run_second(pattern, mailboxes, state.max_iterations); }, [] {});
  measure_first(state, pattern, mailboxes);
}

void between_threads(benchmark::State& state, const Pattern& pattern) {
  SharedMailboxes mailboxes(2);
  const std::jthread second([&] { run_second(pattern, mailboxes, state.max_iterations); });
  measure_first(state, pattern, mailboxes);
}

void between_ranks(benchmark::State& state, const Pattern& pattern, IterationCount batch, MpiSession& session) {
  MpiTransport transport(session);
  Partner partner(pattern, transport);
  measure_ranks(state, session, batch, [&](IterationCount iterations) { partner.run(iterations); });
  count_bytes(state, pattern);
  label_oversubscribed(state, session.size());
}

void register_pattern(const std::string& name, const Pattern& pattern, std::optional<MpiSession>& session) {
  constexpr IterationCount kBatches = 20;
  constexpr std::size_t kBatchBytes = std::size_t{32} << 20;
  const auto batch =
      std::clamp(static_cast<IterationCount>(kBatchBytes / pattern.bytes()), IterationCount{1}, IterationCount{500});
  const std::string size = "/bytes:" + std::to_string(pattern.message_bytes);
  register_local(name + "/processes" + size, [=](benchmark::State& state) { between_processes(state, pattern); });
  register_local(name + "/threads" + size, [=](benchmark::State& state) { between_threads(state, pattern); });
  register_mpi(name + "/mpi" + size + "/ranks:2", 2, kBatches * batch,
               [=, &session](benchmark::State& state) { between_ranks(state, pattern, batch, *session); });
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  std::optional<prl::MpiSession> session;
  if (prl::launched_by_mpi()) session.emplace();
  constexpr std::size_t kLargest = std::size_t{4} << 20;
  for (std::size_t bytes = 1; bytes <= kLargest; bytes *= 16) {
    prl::register_pattern("transport/round_trip", {bytes, 1, bytes}, session);
  }
  for (std::size_t bytes = 1024; bytes <= kLargest; bytes *= 16) {
    prl::register_pattern("transport/stream", {bytes, 64, 1}, session);
  }
  return prl::run_benchmarks_of_ranks(argc, argv);
}

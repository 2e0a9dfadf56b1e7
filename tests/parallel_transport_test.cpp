// Doorbells, barriers, rings and the transport on them, under threads and processes, with and without spinning.
#include <thread>
#include <vector>

#include "parallel/transport/process_group.hpp"
#include "parallel/transport/shared_barrier.hpp"
#include "parallel/transport/shared_memory_transport.hpp"
#include "parallel/transport/turn_gate.hpp"
#include "tests/catch2.hpp"
#include "tests/late_peer.hpp"
#include "tests/parallel_expectations.hpp"

using namespace prl;
using namespace prl::test;

namespace {

// Runs body(member) in `members` threads.
template <typename Body>
void in_threads(int members, const Body& body) {
  std::vector<std::thread> threads;
  for (int member = 0; member < members; ++member) threads.emplace_back([&body, member] { body(member); });
  for (std::thread& thread : threads) thread.join();
}

std::vector<std::byte> message_of(int from, int to, int number, std::size_t bytes) {
  std::vector<std::byte> message(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    message[i] =
        static_cast<std::byte>((i * 7 + i / 251 + static_cast<std::size_t>(from * 31 + to * 17 + number)) & 255);
  }
  return message;
}

// Every member sends to the next and receives from the one before, messages of many lengths, small ones in bursts.
// Returns the number of wrong bytes or lengths.
int exchange_with_neighbours(Transport& transport) {
  int wrong = 0;
  const int next = (transport.rank() + 1) % transport.size();
  const int before = (transport.rank() + transport.size() - 1) % transport.size();
  int number = 0;
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{64}, std::size_t{1000}, std::size_t{0}, std::size_t{4096},
                                  std::size_t{300000}, std::size_t{5}}) {
    for (int repeat = 0; repeat < 20; ++repeat, ++number) {
      const auto out = message_of(transport.rank(), next, number, bytes);
      std::vector<std::byte> in(bytes);
      transport.exchange(next, out, before, in, Purpose::kGradients);
      if (in != message_of(before, transport.rank(), number, bytes)) ++wrong;
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("nobody passes a barrier before all have arrived") {
  for (const bool spinning : {true, false}) {
    for (const int members : {1, 2, 3, 8}) {
      SharedBarrier barrier(members);
      const Waiter waiter{spinning ? 200e-6 : 0.0, {}};
      const int rounds = spinning && members > 2 ? 200 : 2000;
      std::vector<int> arrived(static_cast<std::size_t>(members));
      std::atomic<int> wrong{0};
      in_threads(members, [&](int member) {
        for (int round = 1; round <= rounds; ++round) {
          arrived[static_cast<std::size_t>(member)] = round;
          barrier.arrive_and_wait(waiter);
          for (const int other : arrived) wrong.fetch_add(other == round ? 0 : 1);
          barrier.arrive_and_wait(waiter);
        }
      });
      CHECK(wrong.load() == 0);
    }
  }
}

TEST_CASE("a barrier's completion runs once, after all have arrived and before anyone passes") {
  SharedBarrier barrier(4);
  const Waiter waiter{1e-3, {}};
  std::vector<int> arrived(4);
  int completed = 0;
  std::atomic<int> wrong{0};
  in_threads(4, [&](int member) {
    for (int round = 1; round <= 100; ++round) {
      arrived[static_cast<std::size_t>(member)] = round;
      barrier.arrive_and_wait(waiter, [&] {
        std::this_thread::sleep_for(std::chrono::microseconds(100));  // time for the others to pass, if they could
        ++completed;
        for (const int other : arrived) wrong.fetch_add(other == round ? 0 : 1);
      });
      wrong.fetch_add(completed == round ? 0 : 1);
      barrier.arrive_and_wait(waiter);
    }
  });
  CHECK(wrong.load() == 0);
}

TEST_CASE("a gate's leader sees what every follower did in the turn") {
  for (const bool spinning : {true, false}) {
    constexpr int kFollowers = 5;
    const int turns = spinning ? 100 : 1000;
    TurnGate gate(kFollowers);
    const Waiter waiter{spinning ? 100e-6 : 0.0, {}};
    int command = 0;
    std::vector<int> answers(kFollowers);
    int wrong = 0;
    in_threads(kFollowers + 1, [&](int member) {
      if (member < kFollowers) {
        for (std::uint32_t turn = 0; turn < static_cast<std::uint32_t>(turns);) {
          turn = gate.await_turn(turn, waiter);
          answers[static_cast<std::size_t>(member)] = command + member;
          gate.report();
        }
        return;
      }
      for (int turn = 1; turn <= turns; ++turn) {
        command = 10 * turn;
        gate.start();
        gate.await_followers(waiter);
        for (int f = 0; f < kFollowers; ++f) wrong += answers[static_cast<std::size_t>(f)] == command + f ? 0 : 1;
      }
    });
    CHECK(wrong == 0);
  }
}

TEST_CASE("a wait ends with what its watch throws") {
  Doorbell doorbell;
  const Waiter waiter{0.0, [] { throw WorkerDied("worker 3 is gone"); }};
  CHECK_THROWS_AS(doorbell.wait([] { return false; }, waiter), WorkerDied);
}

TEST_CASE("threads exchange messages of any length through rings smaller than them") {
  for (const int members : {2, 3, 5}) {
    SharedMailboxes mailboxes(members, 1024);
    std::atomic<int> wrong{0};
    in_threads(members, [&](int rank) {
      SharedMemoryTransport transport(mailboxes, rank);
      wrong.fetch_add(exchange_with_neighbours(transport));
    });
    CHECK(wrong.load() == 0);
  }
}

TEST_CASE("processes exchange messages, and each counts what it sends") {
  const std::uint64_t bytes = 20 * (1 + 64 + 1000 + 4096 + 300000 + 5);
  for (const int members : {2, 3, 4}) {
    SharedMailboxes mailboxes(members);
    SharedRegion region("a test", SharedRegion::bytes_for<int>(static_cast<std::size_t>(members)));
    const auto wrong = region.carve<int>(static_cast<std::size_t>(members));
    const auto body = [&](int rank) {
      SharedMemoryTransport transport(mailboxes, rank);
      const int failures = exchange_with_neighbours(transport);
      const CommunicationCount& count = transport.ledger().of(Purpose::kGradients);
      wrong[static_cast<std::size_t>(rank)] = failures + (count.bytes == bytes && count.messages == 120 ? 0 : 1000);
    };
    {
      ProcessGroup group(members, body, [] {});
      body(0);
    }
    for (const int count : wrong) CHECK(count == 0);
  }
}

TEST_CASE("waiting for a late peer is waiting, also once the others' messages have come") {
  for (const int members : {2, 3, 5}) {
    SharedMailboxes mailboxes(members, 4096);
    std::vector<LatePeerOutcome> outcomes(static_cast<std::size_t>(members));
    in_threads(members, [&](int rank) {
      SharedMemoryTransport transport(mailboxes, rank);
      outcomes[static_cast<std::size_t>(rank)] = exchange_with_a_late_peer(transport);
    });
    for (std::size_t rank = 0; rank < outcomes.size(); ++rank) {
      CHECK(outcomes[rank].arrived_whole);
      if (rank + 1 < outcomes.size()) CHECK(outcomes[rank].waiting_seconds >= 0.5 * kLateSeconds);
    }
  }
}

TEST_CASE("messages of one sender arrive in order, sent and received apart") {
  SharedMailboxes mailboxes(2, 256);
  std::atomic<int> wrong{0};
  in_threads(2, [&](int rank) {
    SharedMemoryTransport transport(mailboxes, rank);
    for (int number = 0; number < 3000; ++number) {
      const auto expected = message_of(0, 1, number, static_cast<std::size_t>(number % 97));
      if (rank == 0) {
        transport.send(1, expected, Purpose::kControl);
      } else {
        std::vector<std::byte> in(expected.size());
        transport.receive(0, in, Purpose::kControl);
        if (in != expected) wrong.fetch_add(1);
      }
    }
  });
  CHECK(wrong.load() == 0);
}

TEST_CASE("a transport's wait for a peer that is gone ends with what its watch throws") {
  SharedMailboxes mailboxes(2, 1024);
  SharedMemoryTransport transport(mailboxes, 0, [] { throw WorkerDied("worker 1 is gone"); });
  std::vector<std::byte> message(10);
  CHECK_THROWS_AS(transport.receive(1, message, Purpose::kControl), WorkerDied);
  std::vector<std::byte> larger_than_ring(5000);
  CHECK_THROWS_AS(transport.send(1, larger_than_ring, Purpose::kControl), WorkerDied);
}

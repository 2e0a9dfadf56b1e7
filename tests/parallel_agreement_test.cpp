// Joined gradients are the serial sum's bits, whoever computes them, and what crosses has its closed form.
#include <cmath>
#include <thread>

#include "parallel/agree/gradient_board.hpp"
#include "parallel/agree/gradient_reduction.hpp"
#include "parallel/agree/shared_gradients.hpp"
#include "parallel/agree/thread_update.hpp"
#include "parallel/agree/transport_gradients.hpp"
#include "parallel/transport/process_group.hpp"
#include "parallel/transport/shared_memory_transport.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_expectations.hpp"
#include "tests/parallel_fake_learner.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr int kUpdates = 5;
const std::size_t kLengths[] = {1, 7, 16, 33, 1000, 5003};

template <typename Body>
void in_threads(int members, const Body& body) {
  std::vector<std::thread> threads;
  for (int member = 0; member < members; ++member) threads.emplace_back([&body, member] { body(member); });
  for (std::thread& thread : threads) thread.join();
}

std::vector<float> copy_of(std::span<const float> values) { return {values.begin(), values.end()}; }

// What member `member` does in a shared-memory agreement.
void learn_on_board(GradientBoard& board, int member) {
  std::vector<std::span<float>> gradients;
  for (int shard = 0; shard < board.shards_per_member(); ++shard) gradients.push_back(board.gradient(member, shard));
  const ShardPlan plan{board.shards(), member * board.shards_per_member(), board.shards_per_member()};
  FakeLearner learner(plan, kUpdates, board.parameters(), gradients);
  SharedGradients agreement(board, member);
  for (int update = 0; update < kUpdates; ++update) {
    for (int shard = 0; shard < plan.count; ++shard) learner.compute_gradient(update, shard);
    agreement.update(learner);
  }
}

// What a member of an agreement by messages does; returns its parameters.
std::vector<float> learn_by_messages(Transport& transport, std::size_t parameter_count, int shards_per_member) {
  std::vector<float> parameters(parameter_count);
  set_parameters(parameters, 0);
  std::vector<std::vector<float>> storage(static_cast<std::size_t>(shards_per_member),
                                          std::vector<float>(parameter_count));
  std::vector<std::span<float>> gradients(storage.begin(), storage.end());
  const ShardPlan plan{transport.size() * shards_per_member, transport.rank() * shards_per_member, shards_per_member};
  FakeLearner learner(plan, kUpdates, parameters, gradients);
  TransportGradients agreement(transport, parameter_count, shards_per_member);
  for (int update = 0; update < kUpdates; ++update) {
    for (int shard = 0; shard < plan.count; ++shard) learner.compute_gradient(update, shard);
    agreement.update(learner);
  }
  return parameters;
}

}  // namespace

TEST_CASE("members' ranges cover the parameters once, in whole cache lines") {
  for (const std::size_t count : kLengths) {
    for (int members = 1; members <= 16; ++members) {
      std::size_t end = 0;
      for (int member = 0; member < members; ++member) {
        const ParameterRange range = range_of(member, members, count);
        CHECK(range.begin == end);
        CHECK((range.begin % 16 == 0 || range.begin == count));
        end = range.end;
      }
      CHECK(end == count);
    }
  }
}

TEST_CASE("gradients add up in order") {
  const std::vector<float> a = {1e8F, 1.0F, 0.5F};
  const std::vector<float> b = {1.0F, 2.0F, 0.25F};
  const std::vector<float> c = {-1e8F, 3.0F, 0.125F};
  std::vector<float> sum(3);
  const float* parts[] = {a.data(), b.data(), c.data()};
  sum_gradients(parts, 3, sum.data());
  CHECK(sum == std::vector<float>{0.0F, 6.0F, 0.875F});  // (1e8 + 1) - 1e8 is 0 in float
  const float* other_order[] = {a.data(), c.data(), b.data()};
  sum_gradients(other_order, 3, sum.data());
  CHECK(sum[0] == 1.0F);
  sum_gradients(std::span(parts).first(1), 3, sum.data());
  CHECK(sum == a);
}

TEST_CASE("threads on a board end with the serial parameters for any split") {
  for (const std::size_t count : kLengths) {
    for (const int members : {1, 2, 3, 5}) {
      for (const int shards_each : {1, 2}) {
        GradientBoard board(members, shards_each, count);
        set_parameters(board.parameters(), 0);
        in_threads(members, [&](int member) { learn_on_board(board, member); });
        CHECK((copy_of(board.parameters()) == joined_by_hand(count, members * shards_each, kUpdates)));
        std::uint64_t gradient_bytes = 0;
        std::uint64_t control_bytes = 0;
        for (int member = 0; member < members; ++member) {
          gradient_bytes += board.ledger(member).of(Purpose::kGradients).bytes;
          control_bytes += board.ledger(member).of(Purpose::kControl).bytes;
        }
        const auto others = static_cast<std::uint64_t>(members - 1);
        const auto k = static_cast<std::uint64_t>(shards_each);
        CHECK(gradient_bytes == kUpdates * (k + 1) * 4 * count * others);
        CHECK(control_bytes == kUpdates * 8 * k * (others + 1) * others);
      }
    }
  }
}

TEST_CASE("processes on a board end with the serial parameters") {
  GradientBoard board(3, 1, 5003);
  set_parameters(board.parameters(), 0);
  {
    ProcessGroup group(
        3, [&](int member) { learn_on_board(board, member); }, [] {});
    learn_on_board(board, 0);
  }
  CHECK((copy_of(board.parameters()) == joined_by_hand(5003, 3, kUpdates)));
}

TEST_CASE("a learner that keeps its parameters elsewhere is refused") {
  GradientBoard board(1, 1, 8);
  std::vector<float> elsewhere(8);
  FakeLearner learner({}, 1, elsewhere, {board.gradient(0, 0)});
  SharedGradients agreement(board, 0);
  CHECK_THROWS_AS(agreement.update(learner), std::logic_error);
}

TEST_CASE("messages give every member the serial parameters and move 2 S (P - 1) bytes") {
  for (const std::size_t count : kLengths) {
    for (const int members : {1, 2, 3, 5}) {
      SharedMailboxes mailboxes(members, 256);
      std::vector<std::vector<float>> parameters(static_cast<std::size_t>(members));
      std::vector<CommunicationLedger> ledgers(static_cast<std::size_t>(members));
      in_threads(members, [&](int member) {
        SharedMemoryTransport transport(mailboxes, member);
        parameters[static_cast<std::size_t>(member)] = learn_by_messages(transport, count, 1);
        ledgers[static_cast<std::size_t>(member)] = transport.ledger();
      });
      const std::vector<float> expected = joined_by_hand(count, members, kUpdates);
      std::uint64_t gradient_bytes = 0;
      std::uint64_t control_bytes = 0;
      for (int member = 0; member < members; ++member) {
        CHECK((parameters[static_cast<std::size_t>(member)] == expected));
        gradient_bytes += ledgers[static_cast<std::size_t>(member)].of(Purpose::kGradients).bytes;
        control_bytes += ledgers[static_cast<std::size_t>(member)].of(Purpose::kControl).bytes;
      }
      const auto others = static_cast<std::uint64_t>(members - 1);
      CHECK(gradient_bytes == kUpdates * 2 * 4 * count * others);
      CHECK(control_bytes == kUpdates * 8 * (others + 1) * others);
    }
  }
}

TEST_CASE("several shards a member are joined by messages alike on all members") {
  const std::size_t count = 1000;
  SharedMailboxes mailboxes(3, 4096);
  std::vector<std::vector<float>> parameters(3);
  in_threads(3, [&](int member) {
    SharedMemoryTransport transport(mailboxes, member);
    parameters[static_cast<std::size_t>(member)] = learn_by_messages(transport, count, 2);
  });
  CHECK((parameters[0] == parameters[1]));
  CHECK((parameters[0] == parameters[2]));
  // Shards are added within members first, so the last bits differ from the sum in shard order.
  const std::vector<float> expected = joined_by_hand(count, 6, kUpdates);
  for (std::size_t i = 0; i < count; ++i) CHECK(std::abs(parameters[0][i] - expected[i]) < 1e-5F);
}

TEST_CASE("statistics add up in member order, by memory and by messages") {
  // (1e16 + 1) - 1e16 is 0 in double, any other order gives 1.
  const double first_values[] = {1e16, 1.0, -1e16};
  for (const std::size_t count : {std::size_t{1}, std::size_t{3}, GradientBoard::kSlotDoubles * 2 + 100}) {
    GradientBoard board(3, 1, 4);
    SharedMailboxes mailboxes(3, 128);
    std::atomic<int> wrong{0};
    in_threads(3, [&](int member) {
      SharedGradients by_memory(board, member);
      SharedMemoryTransport transport(mailboxes, member);
      TransportGradients by_messages(transport, 4);
      for (GradientAgreement* agreement : std::initializer_list<GradientAgreement*>{&by_memory, &by_messages}) {
        for (int repeat = 0; repeat < 3; ++repeat) {
          std::vector<double> values(count, static_cast<double>(member + repeat));
          values[0] = first_values[member];
          agreement->sum(values);
          if (values[0] != 0.0) wrong.fetch_add(1);
          for (std::size_t i = 1; i < count; ++i) wrong.fetch_add(values[i] == 3.0 + 3.0 * repeat ? 0 : 1);
        }
        const std::uint64_t bytes = agreement->ledger().of(Purpose::kControl).bytes;
        if (bytes != 3 * 2 * 8 * count) wrong.fetch_add(1);
      }
    });
    CHECK(wrong.load() == 0);
  }
}

TEST_CASE("threads of one learner end with the serial parameters, however many they are and whatever they divide") {
  for (const std::size_t count : {std::size_t{7}, std::size_t{5003}}) {
    for (int shards = 1; shards <= 4; ++shards) {
      for (int parts = 1; parts <= 3; ++parts) {
        for (int threads = 1; threads <= shards * parts; ++threads) {
          if (threads_of_a_part(threads, parts) > shards) continue;
          CAPTURE(count, shards, parts, threads);
          std::vector<float> parameters(count);
          set_parameters(parameters, 0);
          std::vector<std::vector<float>> storage(static_cast<std::size_t>(shards), std::vector<float>(count));
          std::vector<std::span<float>> gradients(storage.begin(), storage.end());
          FakeLearner learner({shards, 0, shards}, kUpdates, parameters, gradients);
          learner.divide_into(parts);
          ThreadUpdate updates(learner, shards, threads);
          updates.run();
          CHECK(learner.finished_updates() == kUpdates);
          CHECK((parameters == joined_by_hand(count, shards, kUpdates)));
          updates.run();  // the threads are woken again
          CHECK((parameters == joined_by_hand(count, shards, 2 * kUpdates)));
        }
      }
    }
  }
}

TEST_CASE("threads that have parts to themselves do not divide shards") {
  CHECK(threads_of_a_part(1, 2) == 1);
  CHECK(threads_of_a_part(2, 2) == 1);
  CHECK(threads_of_a_part(3, 2) == 3);
  CHECK(threads_of_a_part(4, 2) == 2);
  CHECK(threads_of_a_part(4, 1) == 4);
}

TEST_CASE("what a learner throws in any thread reaches the caller") {
  std::vector<float> parameters(100);
  std::vector<std::vector<float>> storage(3, std::vector<float>(100));
  std::vector<std::span<float>> gradients(storage.begin(), storage.end());
  FakeLearner learner({3, 0, 3}, kUpdates, parameters, gradients);
  learner.fail_at(2);  // in the last shard, which is another thread's
  ThreadUpdate updates(learner, 3, 3);
  CHECK_THROWS_WITH(updates.run(), "the gradient is not a number");
  CHECK(error_of([&] {
          ThreadUpdate(learner, 3, 4);
        }).find("4 learner threads for 3 gradient shards of 1 parts: use 1 to 3 threads") == 0);
}

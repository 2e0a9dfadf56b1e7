// Members that average in pairs whenever they like: nothing that one has learned is lost or counted twice, no average is
// torn, and a meeting contracts the disagreement as theory says.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include "parallel/agree/gossip/pair_averaging.hpp"
#include "parallel/transport/process_group.hpp"
#include "tests/catch2.hpp"

using namespace prl;

namespace {

constexpr std::uint64_t kSeed = 11;
constexpr std::size_t kCount = 257;

// All copies start from zeros.
template <typename Scalar>
struct Shared {
  explicit Shared(int members)
      : region("copies", GossipBoard<Scalar>::bytes(members, kCount)),
        board(region, members, std::vector<Scalar>(kCount)) {}

  SharedRegion region;
  GossipBoard<Scalar> board;
};

bool is_even(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](double value) { return value == values[0]; });
}

// A member that learns `step` in all parameters before each meeting. Returns whether they were always of one mixture.
bool learn_and_meet(GossipBoard<double>& board, int member, int meetings, double step) {
  std::vector<double> own(kCount);
  PairAveraging<double> agreement(board, member, own, kSeed, Waiter{});
  bool even = true;
  for (int meeting = 0; meeting < meetings; ++meeting) {
    for (double& value : own) value += step;
    agreement.meet(own);
    even = even && is_even(own);
  }
  return even;
}

double sum_of_copies(GossipBoard<double>& board) {
  double sum = 0.0;
  for (int member = 0; member < board.members(); ++member) sum += board.copy(member)[0];
  return sum;
}

double squared_disagreement(GossipBoard<double>& board) {
  const double mean = sum_of_copies(board) / board.members();
  double squares = 0.0;
  for (int member = 0; member < board.members(); ++member) squares += std::pow(board.copy(member)[0] - mean, 2);
  return squares;
}

}  // namespace

TEST_CASE("threads that meet at the same time lose no step and tear no average") {
  constexpr int kMeetings = 20000;
  for (const int members : {2, 3, 5}) {
    Shared<double> shared(members);
    std::atomic<int> torn{0};
    std::atomic<int> arrived{0};
    std::vector<std::thread> threads;
    for (int member = 0; member < members; ++member) {
      threads.emplace_back([&, member] {
        ++arrived;
        while (arrived < members) std::this_thread::yield();
        if (!learn_and_meet(shared.board, member, kMeetings, 0.001 * (member + 1))) ++torn;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(torn == 0);
    for (int member = 0; member < members; ++member) CHECK(is_even(shared.board.copy(member)));
    const double expected = kMeetings * 0.001 * (members * (members + 1) / 2.0);
    CHECK(std::abs(sum_of_copies(shared.board) - expected) < 1e-9 * expected);
  }
}

TEST_CASE("processes lose no step either") {
  constexpr int kMeetings = 2000;
  Shared<double> shared(3);
  {
    ProcessGroup group(
        3, [&](int member) { learn_and_meet(shared.board, member, kMeetings, 0.5); }, [] {});
    learn_and_meet(shared.board, 0, kMeetings, 0.5);
  }
  CHECK(std::abs(sum_of_copies(shared.board) - 3 * kMeetings * 0.5) < 1e-6);
}

TEST_CASE("a meeting by hand: steps are added to what others have made of the copy, and the mean is both members'") {
  Shared<float> shared(2);
  const std::vector<float> zeros(kCount);
  PairAveraging<float> first(shared.board, 0, zeros, kSeed, Waiter{});
  PairAveraging<float> second(shared.board, 1, zeros, kSeed, Waiter{});
  std::vector<float> ours(kCount, 4.0F);  // learned 4
  CHECK(first.meet(ours).lag == 0);
  CHECK(ours == std::vector<float>(kCount, 2.0F));
  for (float& value : ours) value += 2.0F;
  CHECK(first.meet(ours).lag == 0);
  CHECK(ours == std::vector<float>(kCount, 3.0F));  // (2 + 2 + 2) / 2
  std::vector<float> theirs(kCount, -4.0F);         // learned -4 from the first copy, 0
  CHECK(second.meet(theirs).lag == 2);
  CHECK(theirs == std::vector<float>(kCount, 1.0F));  // (3 - 4 + 3) / 2
  CHECK(shared.board.copy(0)[0] == 1.0F);
  CHECK(first.meet(ours).lag == 1);
  CHECK(ours == std::vector<float>(kCount, 1.0F));
  CHECK(first.ledger().of(Purpose::kWeights).bytes == 3 * 2 * sizeof(float) * kCount);
  CHECK(first.ledger().of(Purpose::kWeights).messages == 6);
}

TEST_CASE("a member alone keeps what it has, bit by bit") {
  Shared<float> shared(1);
  std::vector<float> own(kCount, 0.1F);
  PairAveraging<float> agreement(shared.board, 0, std::vector<float>(kCount), kSeed, Waiter{});
  agreement.meet(own);
  CHECK(own == std::vector<float>(kCount, 0.1F));
  CHECK(agreement.ledger().of(Purpose::kWeights).bytes == 0);
}

TEST_CASE("a meeting leaves 1 - 1/(n - 1) of the squared disagreement, over all members that meet and all partners") {
  constexpr int kMeetings = 1500;
  for (const int members : {4, 8}) {
    double sum = 0.0;
    double squares = 0.0;
    int meetings = 0;
    for (int member = 0; member < members; ++member) {
      Shared<double> shared(members);
      std::vector<double> own(kCount);
      PairAveraging<double> agreement(shared.board, member, own, kSeed, Waiter{});
      for (int meeting = 0; meeting < kMeetings; ++meeting, ++meetings) {
        // Always the same copies; what the member has, it has received.
        for (int other = 0; other < members; ++other) {
          const double start = std::sin(1.0 + 2.3 * other);
          std::fill(shared.board.copy(other).begin(), shared.board.copy(other).end(), start);
        }
        const double before = squared_disagreement(shared.board);
        agreement.meet(own);
        const double ratio = squared_disagreement(shared.board) / before;
        sum += ratio;
        squares += ratio * ratio;
      }
    }
    const double mean = sum / meetings;
    const double error = std::sqrt((squares / meetings - mean * mean) / meetings);
    CHECK(std::abs(mean - (1.0 - 1.0 / (members - 1.0))) < 4.0 * error);
  }
}

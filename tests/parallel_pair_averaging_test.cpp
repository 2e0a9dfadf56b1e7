// Members that average in pairs whenever they like: nothing that one has learned is lost or counted twice, no average is
// torn, and a meeting contracts the disagreement as theory says.
#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "parallel/agree/gossip/pair_averaging.hpp"
#include "parallel/transport/process_group.hpp"
#include "tests/catch2.hpp"

using namespace prl;

namespace {

constexpr std::uint64_t kSeed = 11;
constexpr std::size_t kCount = 257;

constexpr int kPieces = 3;
constexpr auto kPairs = GossipTopology::kRandomPairs;

// All copies start from zeros.
template <typename Scalar>
struct Shared {
  explicit Shared(int members)
      : region("copies", GossipBoard<Scalar>::bytes(members, kCount, kPieces)),
        board(region, members, kCount, kPieces) {}

  SharedRegion region;
  GossipBoard<Scalar> board;
};

bool is_even(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](double value) { return value == values[0]; });
}

// A member that learns `step` in all parameters before each meeting, of which it keeps every third to itself. Returns
// whether they were always of one mixture.
bool learn_and_meet(GossipBoard<double>& board, GossipTopology topology, int member, int meetings, double step) {
  std::vector<double> own(kCount);
  PairAveraging<double> agreement(board, topology, member, own, kSeed, Waiter{});
  bool even = true;
  for (int meeting = 0; meeting < meetings; ++meeting) {
    for (double& value : own) value += step;
    if (meeting % 3 == 2) {
      agreement.publish(own);
    } else {
      agreement.meet(own);
    }
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

void fill(std::span<double> values, double value) { std::fill(values.begin(), values.end(), value); }

// Of the squared disagreement of copies `start` a meeting leaves `expected`, a mean over all members and many meetings.
void check_contraction(GossipTopology topology, std::span<const double> start, double expected) {
  constexpr int kMeetings = 1500;
  const int members = static_cast<int>(start.size());
  const double all_meetings = members * kMeetings;
  double mean = 0.0;
  double squares = 0.0;
  for (int member = 0; member < members; ++member) {
    Shared<double> shared(members);
    std::vector<double> own(kCount);
    PairAveraging<double> agreement(shared.board, topology, member, own, kSeed, Waiter{});
    for (int meeting = 0; meeting < kMeetings; ++meeting) {
      // Always the same copies; what the member has, it has received.
      for (int other = 0; other < members; ++other) {
        fill(shared.board.copy(other), start[static_cast<std::size_t>(other)]);
      }
      const double before = squared_disagreement(shared.board);
      agreement.meet(own);
      const double ratio = squared_disagreement(shared.board) / before;
      mean += ratio / all_meetings;
      squares += ratio * ratio / all_meetings;
    }
  }
  const double error = std::sqrt(std::max(0.0, squares - mean * mean) / all_meetings);
  CHECK(std::abs(mean - expected) < 4.0 * error + 1e-12);  // some ratios are all the same
}

}  // namespace

TEST_CASE("threads that meet at the same time lose no step and tear no average") {
  constexpr int kMeetings = 20000;
  const std::array<std::pair<GossipTopology, int>, 4> cases = {
      {{kPairs, 2}, {kPairs, 5}, {GossipTopology::kRing, 5}, {GossipTopology::kHypercube, 4}}};
  for (const auto& [topology, members] : cases) {
    Shared<double> shared(members);
    std::atomic<int> torn{0};
    std::atomic<int> arrived{0};
    std::vector<std::thread> threads;
    for (int member = 0; member < members; ++member) {
      threads.emplace_back([&, topology = topology, members = members, member] {
        ++arrived;
        while (arrived < members) std::this_thread::yield();
        if (!learn_and_meet(shared.board, topology, member, kMeetings, 0.001 * (member + 1))) ++torn;
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
        3, [&](int member) { learn_and_meet(shared.board, GossipTopology::kRing, member, kMeetings, 0.5); }, [] {});
    learn_and_meet(shared.board, GossipTopology::kRing, 0, kMeetings, 0.5);
  }
  CHECK(std::abs(sum_of_copies(shared.board) - 3 * kMeetings * 0.5) < 1e-6);
}

TEST_CASE("a meeting by hand: steps are added to what others have made of the copy, and the mean is both members'") {
  Shared<float> shared(2);
  const std::vector<float> zeros(kCount);
  PairAveraging<float> first(shared.board, kPairs, 0, zeros, kSeed, Waiter{});
  PairAveraging<float> second(shared.board, kPairs, 1, zeros, kSeed, Waiter{});
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

TEST_CASE(
    "without a neighbour what was learned is added to what others have made of the copy, and nothing is counted") {
  Shared<float> shared(2);
  const std::vector<float> zeros(kCount);
  PairAveraging<float> first(shared.board, kPairs, 0, zeros, kSeed, Waiter{});
  PairAveraging<float> second(shared.board, kPairs, 1, zeros, kSeed, Waiter{});
  std::vector<float> ours(kCount, 0.1F);
  CHECK(first.publish(ours).lag == 0);
  CHECK(ours == std::vector<float>(kCount, 0.1F));
  std::vector<float> theirs(kCount, 0.9F);
  CHECK(second.meet(theirs).lag == 0);
  CHECK(theirs == std::vector<float>(kCount, 0.5F));
  for (float& value : ours) value += 2.0F;
  CHECK(first.publish(ours).lag == 1);
  CHECK(std::abs(ours[kCount - 1] - 2.5F) < 1e-6F);
  CHECK(shared.board.copy(0)[0] == ours[0]);
  CHECK(shared.board.copy(1)[0] == 0.5F);
  CHECK(first.ledger().of(Purpose::kWeights).messages == 0);
}

TEST_CASE("a member alone keeps what it has, bit by bit, and its copy with it") {
  for (const auto topology : {kPairs, GossipTopology::kRing}) {
    Shared<float> shared(1);
    std::vector<float> own(kCount);
    PairAveraging<float> agreement(shared.board, topology, 0, own, kSeed, Waiter{});
    for (const float value : {0.1F, 1e8F, 0.3F}) {
      own.assign(kCount, value);
      agreement.meet(own);
      CHECK(own == std::vector<float>(kCount, value));
      CHECK(shared.board.copy(0)[kCount - 1] == value);
    }
    CHECK(agreement.ledger().of(Purpose::kWeights).bytes == 0);
  }
}

TEST_CASE(
    "a meeting leaves of the second eigenvector what theory says, over all members that meet and all neighbours") {
  for (const int members : {4, 8}) {
    std::vector<double> wave(static_cast<std::size_t>(members));
    std::vector<double> halves(static_cast<std::size_t>(members));
    for (std::size_t i = 0; i < wave.size(); ++i) {
      wave[i] = std::cos(2.0 * std::numbers::pi * static_cast<double>(i) / members);
      halves[i] = i % 2 == 0 ? 1.0 : -1.0;
    }
    const double angle = 2.0 * std::numbers::pi / members;
    check_contraction(kPairs, wave, 1.0 - 1.0 / (members - 1.0));
    check_contraction(GossipTopology::kRing, wave, 1.0 - (1.0 - std::cos(angle)) / members);
    check_contraction(GossipTopology::kHypercube, halves, 1.0 - 2.0 / (members * std::log2(members)));
  }
}

TEST_CASE("members that learn nothing keep their mean, whoever meets whom at the same time, and end in it") {
  constexpr int kMembers = 4;
  constexpr int kMeetings = 2000;
  const auto start_of = [](int member) { return std::vector<double>(kCount, member * member); };
  for (const auto topology : {kPairs, GossipTopology::kRing, GossipTopology::kHypercube}) {
    Shared<double> shared(kMembers);
    const auto meet = [&](int member, const std::vector<double>& start, int meetings) {
      std::vector<double> own = start;
      PairAveraging<double> agreement(shared.board, topology, member, own, kSeed, Waiter{});
      for (int meeting = 0; meeting < meetings; ++meeting) agreement.meet(own);
    };
    for (int member = 0; member < kMembers; ++member) fill(shared.board.copy(member), member * member);
    std::vector<std::thread> threads;
    for (int member = 0; member < kMembers; ++member) {
      threads.emplace_back([&, member] { meet(member, start_of(member), kMeetings); });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(std::abs(sum_of_copies(shared.board) - 14.0) < 1e-12);  // 0 + 1 + 4 + 9
    // Threads may have run one after the other.
    for (int round = 0; round < 200; ++round) {
      for (int member = 0; member < kMembers; ++member) {
        const std::span<double> copy = shared.board.copy(member);
        meet(member, {copy.begin(), copy.end()}, 1);
      }
    }
    for (int member = 0; member < kMembers; ++member) {
      CHECK(std::abs(shared.board.copy(member)[0] - 3.5) < 1e-12);
      CHECK(is_even(shared.board.copy(member)));
    }
  }
}

TEST_CASE("a graph with a direction has no pairs") {
  Shared<double> shared(4);
  const std::vector<double> zeros(kCount);
  for (const auto topology : {GossipTopology::kExponential, GossipTopology::kOnePeer, GossipTopology::kRandomPeer}) {
    CHECK_THROWS_AS(PairAveraging<double>(shared.board, topology, 0, zeros, kSeed, Waiter{}), std::invalid_argument);
  }
}

// Members that gossip over a transport: the matrices' contraction, the mean that stays, push-sum's exactness, and the bytes.
#include <cmath>
#include <map>
#include <numbers>
#include <vector>

#include "parallel/agree/gossip/gossip_mixing.hpp"
#include "parallel/agree/gossip/member_average.hpp"
#include "parallel/agree/gossip/push_sum.hpp"
#include "tests/catch2.hpp"
#include "tests/with_members.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr std::uint64_t kSeed = 5;
constexpr std::size_t kCount = 700;  // more than a block of add_parts
const GossipTopology kMixing[] = {GossipTopology::kRing, GossipTopology::kHypercube, GossipTopology::kExponential,
                                  GossipTopology::kOnePeer, GossipTopology::kRandomPairs};
const GossipTopology kDirected[] = {GossipTopology::kExponential, GossipTopology::kOnePeer,
                                    GossipTopology::kRandomPeer};

std::size_t index(int i) { return static_cast<std::size_t>(i); }

template <typename Scalar>
using Members = std::vector<std::vector<Scalar>>;  // [member][parameter]

template <typename Scalar>
Members<Scalar> uneven(int members, std::size_t count = kCount) {
  Members<Scalar> values(index(members), std::vector<Scalar>(count));
  for (int i = 0; i < members; ++i) {
    for (std::size_t k = 0; k < count; ++k) {
      values[index(i)][k] = static_cast<Scalar>(std::sin(1.0 + 2.3 * i + 0.7 * static_cast<double>(k)));
    }
  }
  return values;
}

template <typename Scalar>
std::vector<double> mean_of(const Members<Scalar>& values) {
  std::vector<double> mean(values[0].size(), 0.0);
  for (const auto& own : values) {
    for (std::size_t k = 0; k < own.size(); ++k) mean[k] += static_cast<double>(own[k]);
  }
  for (double& value : mean) value /= static_cast<double>(values.size());
  return mean;
}

template <typename Scalar>
double disagreement_of(const Members<Scalar>& values) {
  const std::vector<double> mean = mean_of(values);
  double squares = 0.0;
  for (const auto& own : values) {
    for (std::size_t k = 0; k < own.size(); ++k) squares += std::pow(static_cast<double>(own[k]) - mean[k], 2);
  }
  return std::sqrt(squares / static_cast<double>(values.size()));
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) largest = std::max(largest, std::abs(a[k] - b[k]));
  return largest;
}

template <typename Scalar>
struct Meetings {
  std::vector<Members<Scalar>> after;    // [meeting][member][parameter]
  std::vector<CommunicationCount> sent;  // by member, all meetings together
  std::vector<long> lags;                // by member, added up
};

// Members with these values meet `rounds` times; make(transport) makes a member's agreement.
template <typename Scalar, typename Make>
Meetings<Scalar> meetings_of(const Members<Scalar>& values, int rounds, const Make& make) {
  Meetings<Scalar> meetings;
  meetings.after.assign(index(rounds), values);
  meetings.sent.resize(values.size());
  meetings.lags.resize(values.size());
  with_members(static_cast<int>(values.size()), [&](Transport& transport) {
    const auto rank = index(transport.rank());
    auto agreement = make(transport);
    std::vector<Scalar> own = values[rank];
    for (int round = 0; round < rounds; ++round) {
      meetings.lags[rank] += agreement.meet(own).lag;
      meetings.after[index(round)][rank] = own;
    }
    meetings.sent[rank] = agreement.ledger().of(Purpose::kWeights);
  });
  return meetings;
}

template <typename Scalar>
Meetings<Scalar> mix(GossipTopology topology, const Members<Scalar>& values, int rounds) {
  return meetings_of(values, rounds, [&](Transport& t) { return GossipMixing<Scalar>(t, topology, kSeed); });
}

template <typename Scalar>
Meetings<Scalar> push(GossipTopology topology, const Members<Scalar>& values, int rounds) {
  return meetings_of(values, rounds,
                     [&](Transport& t) { return PushSum<Scalar>(t, topology, kSeed, values[0].size()); });
}

// The eigenvector of a ring's second eigenvalue and of an exponential graph's, n/2 as frequency, on all parameters.
Members<double> cosine(int members, int frequency) {
  Members<double> values(index(members), std::vector<double>(kCount));
  for (int i = 0; i < members; ++i) {
    values[index(i)].assign(kCount, std::cos(2.0 * std::numbers::pi * frequency * i / members));
  }
  return values;
}

double ring_eigenvalue(int members) { return (1.0 + 2.0 * std::cos(2.0 * std::numbers::pi / members)) / 3.0; }

int log2_of(int members) { return static_cast<int>(std::lround(std::ceil(std::log2(members)))); }

}  // namespace

TEST_CASE("from the second eigenvector the disagreement shrinks by the eigenvalue in every meeting") {
  for (const int members : {4, 8, 16}) {
    const std::map<GossipTopology, std::pair<int, double>> cases = {
        {GossipTopology::kRing, {1, ring_eigenvalue(members)}},
        {GossipTopology::kExponential, {members / 2, 1.0 - 2.0 / (1.0 + log2_of(members))}}};
    for (const auto& [topology, frequency_and_value] : cases) {
      const Members<double> start = cosine(members, frequency_and_value.first);
      double before = disagreement_of(start);
      for (const Members<double>& after : mix(topology, start, 5).after) {
        CHECK(std::abs(disagreement_of(after) / before - frequency_and_value.second) < 1e-12);
        before = disagreement_of(after);
      }
    }
  }
}

TEST_CASE("from anywhere the disagreement ends up shrinking by the second eigenvalue") {
  for (const int members : {4, 8, 16}) {
    const std::map<GossipTopology, double> eigenvalues = {
        {GossipTopology::kRing, ring_eigenvalue(members)},
        {GossipTopology::kHypercube, (log2_of(members) - 1.0) / (log2_of(members) + 1.0)},
        {GossipTopology::kExponential, 1.0 - 2.0 / (1.0 + log2_of(members))}};
    for (const auto& [topology, eigenvalue] : eigenvalues) {
      const Members<double> start = uneven<double>(members, 3);
      const int rounds = members == 16 && topology == GossipTopology::kRing ? 40 : 20;
      const auto after = mix(topology, start, rounds).after;
      const double last = disagreement_of(after[index(rounds - 1)]);
      CHECK(std::abs(last / disagreement_of(after[index(rounds - 2)]) - eigenvalue) < 5e-3);
      CHECK(last <= disagreement_of(start) * std::pow(eigenvalue, rounds) + 1e-15);
    }
  }
}

TEST_CASE("the mean of all members stays, to rounding") {
  for (const int members : {1, 2, 3, 4, 5, 8}) {
    for (const GossipTopology topology : kMixing) {
      const auto doubles = uneven<double>(members);
      CHECK(largest_difference(mean_of(mix(topology, doubles, 30).after.back()), mean_of(doubles)) < 1e-12);
      const auto floats = uneven<float>(members);
      CHECK(largest_difference(mean_of(mix(topology, floats, 30).after.back()), mean_of(floats)) < 1e-6);
    }
  }
}

TEST_CASE("one member keeps what it has, bit by bit, and sends nothing") {
  const auto start = uneven<float>(1);
  for (const GossipTopology topology : kMixing) {
    const auto meetings = mix(topology, start, 3);
    CHECK(meetings.lags[0] == 0);
    CHECK((meetings.after.back() == start));
    CHECK(meetings.sent[0].bytes == 0);
  }
  for (const GossipTopology topology : kDirected) {
    SharedMailboxes mailboxes(1);
    SharedMemoryTransport transport(mailboxes, 0);
    PushSum<float> agreement(transport, topology, kSeed, kCount);
    std::vector<float> own = start[0];
    for (int round = 0; round < 3; ++round) {
      for (float& value : own) value *= 1.1F;
      const std::vector<float> before = own;
      agreement.meet(own);
      CHECK((own == before));
    }
    CHECK(agreement.ledger().of(Purpose::kWeights).bytes == 0);
  }
}

// Thirds in single precision add up to more than 1.
TEST_CASE("members that agree stay as they are, bit by bit") {
  for (const int members : {3, 4, 5, 8}) {
    const Members<float> start(index(members), uneven<float>(1)[0]);
    for (const GossipTopology topology : kMixing) CHECK((mix(topology, start, 30).after.back() == start));
  }
}

TEST_CASE("two members are one after a meeting") {
  const auto start = uneven<float>(2);
  for (const GossipTopology topology : kMixing) {
    const auto after = mix(topology, start, 1).after[0];
    CHECK((after[0] == after[1]));
  }
}

TEST_CASE("one-peer push-sum is exact after log2(n) meetings where n is a power of two, and not for 3 and 5") {
  for (const int members : {2, 4, 8, 16}) {
    const auto start = uneven<double>(members);
    const auto after = push(GossipTopology::kOnePeer, start, log2_of(members)).after.back();
    for (const auto& own : after) CHECK(largest_difference(own, mean_of(start)) < 1e-15);
    // One meeting fewer is not enough.
    if (members > 2)
      CHECK(disagreement_of(push(GossipTopology::kOnePeer, start, log2_of(members) - 1).after.back()) > 0.1);
  }
  for (const int members : {3, 5}) {
    const auto start = uneven<double>(members);
    for (const int rounds : {log2_of(members), 2 * log2_of(members)}) {
      CHECK(disagreement_of(push(GossipTopology::kOnePeer, start, rounds).after.back()) > 0.01);
    }
  }
}

TEST_CASE("push-sum finds the mean on a graph whose members get more or less than they give") {
  for (const int members : {2, 3, 5, 8}) {
    const auto start = uneven<double>(members);
    const std::vector<double> mean = mean_of(start);
    std::vector<double> weights(index(members));
    Members<double> sums(index(members));
    Members<double> at_last(index(members));
    constexpr int kRounds = 80;
    with_members(members, [&](Transport& transport) {
      const auto rank = index(transport.rank());
      PushSum<double> agreement(transport, GossipTopology::kRandomPeer, kSeed, kCount);
      std::vector<double> own = start[rank];
      for (int round = 0; round < kRounds; ++round) {
        agreement.meet(own);
        if (round != 2) continue;
        weights[rank] = agreement.weight();
        sums[rank].assign(agreement.sums().begin(), agreement.sums().end());
      }
      at_last[rank] = own;
    });
    for (const auto& own : at_last) CHECK(largest_difference(own, mean) < 1e-9);
    double weight_sum = 0.0;
    bool uneven_weights = false;
    for (const double weight : weights) {
      weight_sum += weight;
      uneven_weights = uneven_weights || std::abs(weight - 1.0) > 0.1;
    }
    CHECK(std::abs(weight_sum - members) < 1e-12);
    CHECK(uneven_weights == (members > 2));
    CHECK(largest_difference(mean_of(sums), mean) < 1e-12);
  }
}

TEST_CASE(
    "what members learn between meetings moves push-sum's mean by the mean of their steps, whatever their weights") {
  constexpr int kMembers = 5;
  constexpr int kRounds = 6;
  const auto start = uneven<double>(kMembers);
  Members<double> sums(kMembers);
  with_members(kMembers, [&](Transport& transport) {
    const auto rank = index(transport.rank());
    PushSum<double> agreement(transport, GossipTopology::kRandomPeer, kSeed, kCount);
    std::vector<double> own = start[rank];
    for (int round = 0; round < kRounds; ++round) {
      for (double& value : own) value += 0.25 * static_cast<double>(rank + 1) * (round + 1);
      agreement.meet(own);
    }
    sums[rank].assign(agreement.sums().begin(), agreement.sums().end());
  });
  std::vector<double> expected = mean_of(start);
  for (double& value : expected) value += 0.25 * 3.0 * (kRounds * (kRounds + 1) / 2.0);
  CHECK(largest_difference(mean_of(sums), expected) < 1e-12);
}

TEST_CASE("push-sum over exponential graphs is mixing, whose rows add up to 1 as well") {
  for (const GossipTopology topology : {GossipTopology::kExponential, GossipTopology::kOnePeer}) {
    for (const int members : {3, 4, 5, 8}) {
      const auto start = uneven<double>(members);
      const auto mixed = mix(topology, start, 4).after.back();
      const auto pushed = push(topology, start, 4).after.back();
      for (std::size_t i = 0; i < mixed.size(); ++i) CHECK(largest_difference(mixed[i], pushed[i]) < 1e-14);
    }
  }
}

TEST_CASE("mixing with a random peer is refused") {
  SharedMailboxes mailboxes(1);
  SharedMemoryTransport transport(mailboxes, 0);
  CHECK_THROWS_AS(GossipMixing<float>(transport, GossipTopology::kRandomPeer, kSeed), std::invalid_argument);
}

TEST_CASE("a meeting moves the bytes of its graph's edges") {
  constexpr std::uint64_t kRounds = 6;
  const std::uint64_t size = sizeof(float) * kCount;
  for (const int members : {2, 3, 4, 5, 8}) {
    const auto start = uneven<float>(members);
    const auto all = static_cast<std::uint64_t>(members);
    const auto steps = static_cast<std::uint64_t>(log2_of(members));
    const auto check_each = [&](const Meetings<float>& meetings, std::uint64_t bytes, std::uint64_t messages) {
      for (const CommunicationCount& sent : meetings.sent) {
        CHECK(sent.bytes == kRounds * bytes);
        CHECK(sent.messages == kRounds * messages);
      }
    };
    check_each(mix(GossipTopology::kRing, start, kRounds), size * (members > 2 ? 2 : 1), members > 2 ? 2 : 1);
    if ((members & (members - 1)) == 0) {
      check_each(mix(GossipTopology::kHypercube, start, kRounds), size * steps, steps);
    }
    check_each(push(GossipTopology::kExponential, start, kRounds), (size + 8) * steps, steps);
    check_each(push(GossipTopology::kOnePeer, start, kRounds), size + 8, 1);
    check_each(push(GossipTopology::kRandomPeer, start, kRounds), size + 8, 1);
    std::uint64_t bytes = 0;
    for (const CommunicationCount& sent : mix(GossipTopology::kRandomPairs, start, kRounds).sent) {
      bytes += sent.bytes;
      CHECK(sent.bytes <= kRounds * size);
    }
    CHECK(bytes == kRounds * size * (all - all % 2));
  }
}

TEST_CASE("member 0 is told the average, the disagreement and what all have sent, and telling counts for nothing") {
  for (const int members : {1, 2, 5}) {
    const auto start = uneven<float>(members);
    const std::vector<double> mean = mean_of(start);
    std::vector<MemberAverage> answers;
    std::vector<float> told;
    std::vector<std::uint64_t> control_bytes(index(members));
    with_members(members, [&](Transport& transport) {
      const auto rank = index(transport.rank());
      GossipMixing<float> agreement(transport, GossipTopology::kRing, kSeed);
      std::vector<float> other(10);
      agreement.meet(other);
      AverageOfMembers<float> average(transport, kCount);
      for (int measurement = 0; measurement < 2; ++measurement) {
        const MemberAverage answer = average.measure(start[rank]);
        if (rank == 0) answers.push_back(answer);
      }
      if (rank == 0) told.assign(average.average().begin(), average.average().end());
      control_bytes[rank] = transport.ledger().of(Purpose::kControl).bytes;
    });
    for (const MemberAverage& answer : answers) {
      CHECK(std::abs(answer.disagreement - disagreement_of(start)) < 1e-12);
      CHECK(answer.bytes == std::map<int, std::uint64_t>{{1, 0}, {2, 2 * 40}, {5, 2 * 5 * 40}}[members]);
    }
    CHECK((told == std::vector<float>(mean.begin(), mean.end())));
    CHECK((control_bytes == std::vector<std::uint64_t>(index(members), 0)));
  }
}

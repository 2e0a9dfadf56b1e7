// The synchronous parameter server: document D2's equations on a case worked by hand, the same bits whoever serves, and the
// bytes that the topology has to move.
#include <algorithm>
#include <vector>

#include "parallel/agree/server_average.hpp"
#include "parallel/transport/shared_memory_transport.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_fakes.hpp"
#include "tests/with_members.hpp"

using namespace prl;
using namespace prl::test;

namespace {

// A transition of a linear Q(s, a) = theta . phi(s, a) with two features; nothing next where the episode has ended.
struct LinearTransition {
  double phi[2];
  double reward;
  std::vector<std::vector<double>> next;  // phi(s', a') of every a'
};

// D2's local step: delta_i = r + gamma max Q(s', . ; theta) - Q(s, a; theta_i),  theta_i <- theta_i + alpha delta_i phi.
template <typename Scalar>
void step_locally(const LinearTransition& transition, const std::vector<Scalar>& global, std::span<Scalar> local) {
  constexpr double kGamma = 0.5;
  constexpr double kAlpha = 0.5;
  double best = transition.next.empty() ? 0.0 : -1e30;
  for (const auto& phi : transition.next) {
    best = std::max(best, phi[0] * static_cast<double>(global[0]) + phi[1] * static_cast<double>(global[1]));
  }
  const double value =
      transition.phi[0] * static_cast<double>(local[0]) + transition.phi[1] * static_cast<double>(local[1]);
  const double delta = transition.reward + kGamma * best - value;
  for (std::size_t i = 0; i < 2; ++i) {
    local[i] = static_cast<Scalar>(static_cast<double>(local[i]) + kAlpha * delta * transition.phi[i]);
  }
}

template <typename Scalar>
Scalar start_of(std::size_t i) {
  return static_cast<Scalar>(mixed(static_cast<std::uint32_t>(i), 1, 2, 3));
}

// Of such different sizes that the order of a sum is seen in its bits.
template <typename Scalar>
Scalar learned_by(int member, std::size_t i) {
  const double sizes[] = {1e17, 1.0, -1e17, 1e-3, 1e8};
  return static_cast<Scalar>(sizes[member % 5] * static_cast<double>(mixed(static_cast<std::uint32_t>(i),
                                                                           static_cast<std::uint32_t>(member), 5, 6)));
}

template <typename Scalar>
std::vector<Scalar> mean_by_hand(int members, std::size_t count) {
  std::vector<Scalar> merged(count);
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0.0;
    for (int m = 0; m < members; ++m) {
      sum += static_cast<double>(learned_by<Scalar>(m, i)) - static_cast<double>(start_of<Scalar>(i));
    }
    merged[i] = static_cast<Scalar>(static_cast<double>(start_of<Scalar>(i)) + 1.0 / members * sum);
  }
  return merged;
}

template <typename Scalar>
void expect_means(int members, int shards, std::size_t count) {
  std::vector<Scalar> initial(count);
  for (std::size_t i = 0; i < count; ++i) initial[i] = start_of<Scalar>(i);
  std::vector<std::vector<Scalar>> ends(static_cast<std::size_t>(members));
  std::vector<CommunicationCount> weights(static_cast<std::size_t>(members));
  std::vector<long> lags(static_cast<std::size_t>(members), -1);
  with_members(members, [&](Transport& transport) {
    const auto member = static_cast<std::size_t>(transport.rank());
    ServerAverage<Scalar> server(transport, initial, shards);
    std::vector<Scalar> parameters(count);
    for (std::size_t i = 0; i < count; ++i) parameters[i] = learned_by<Scalar>(transport.rank(), i);
    lags[member] = server.meet(parameters).lag;
    ends[member] = parameters;
    weights[member] = transport.ledger().of(Purpose::kWeights);
  });
  const std::vector<Scalar> expected = members > 1 ? mean_by_hand<Scalar>(members, count) : ends[0];
  std::uint64_t bytes = 0;
  const std::uint64_t size = sizeof(Scalar) * count;
  const auto others = static_cast<std::uint64_t>(members - 1);
  for (std::size_t member = 0; member < ends.size(); ++member) {
    CHECK((ends[member] == expected));
    CHECK(lags[member] == 0);
    bytes += weights[member].bytes;
    if (shards == 1) CHECK(weights[member].bytes == (member == 0 ? size * others : size));
    if (shards == 1) CHECK(weights[member].messages == (member == 0 ? others : 1U));
  }
  CHECK(bytes == 2 * size * others);
}

}  // namespace

TEMPLATE_TEST_CASE("two members on a server follow the document's equations", "", float, double) {
  const std::vector<std::vector<LinearTransition>> first = {
      {{{1, 0}, 1, {{0, 1}, {1, 1}}}, {{1, 1}, 0, {{1, 0}}}},
      {{{0, 1}, 2, {{1, 0}, {0, 1}}}, {{1, 0}, -1, {}}},
  };
  const std::vector<std::vector<LinearTransition>> second = {{{{0, 1}, 0, {{1, 0}}}}, {{{1, 1}, 1, {{0, 1}}}}};
  std::vector<std::vector<TestType>> stepped(2);
  std::vector<std::vector<TestType>> met_first(2);
  std::vector<std::vector<TestType>> met_second(2);
  with_members(2, [&](Transport& transport) {
    const auto member = static_cast<std::size_t>(transport.rank());
    std::vector<TestType> global = {1, 2};
    ServerAverage<TestType> server(transport, global);
    std::vector<TestType> local = global;
    for (const LinearTransition& transition : first[member]) step_locally<TestType>(transition, global, local);
    stepped[member] = local;
    server.meet(local);
    global = local;
    met_first[member] = local;
    for (const LinearTransition& transition : second[member]) step_locally<TestType>(transition, global, local);
    server.meet(local);
    met_second[member] = local;
  });
  // delta: 1 + 0.5 * 3 - 1 = 1.5 and 0 + 0.5 * 1 - 3.75 = -3.25; 2 + 0.5 * 2 - 2 = 1 and -1 - 1 = -2.
  CHECK((stepped[0] == std::vector<TestType>{0.125, 0.375}));
  CHECK((stepped[1] == std::vector<TestType>{0, 2.5}));
  // 1 + (-0.875 - 1) / 2 and 2 + (-1.625 + 0.5) / 2; then, from there, 0.0625 + (0 + 0.109375) / 2 and
  // 1.4375 + (-0.703125 + 0.109375) / 2.
  for (std::size_t member = 0; member < 2; ++member) {
    CHECK((met_first[member] == std::vector<TestType>{0.0625, 1.4375}));
    CHECK((met_second[member] == std::vector<TestType>{0.1171875, 1.140625}));
  }
}

TEMPLATE_TEST_CASE("all members get the mean change in member order, whoever serves it", "", float, double) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{33}, std::size_t{5003}}) {
    for (const int members : {1, 2, 3, 5}) {
      for (int shards = 1; shards <= members; ++shards) expect_means<TestType>(members, shards, count);
    }
  }
}

TEST_CASE("a server has at least one shard and at most as many as members, and one length") {
  SharedMailboxes mailboxes(2);
  SharedMemoryTransport transport(mailboxes, 0);
  std::vector<float> parameters(20);
  CHECK_THROWS_AS(ServerAverage<float>(transport, parameters, 0), std::invalid_argument);
  CHECK_THROWS_AS(ServerAverage<float>(transport, parameters, 3), std::invalid_argument);
  ServerAverage<float> server(transport, parameters, 2);
  CHECK_THROWS_AS(server.meet(std::span(parameters).first(19)), std::invalid_argument);
}

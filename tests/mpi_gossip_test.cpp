// Ranks that gossip by MPI messages have the matrix product's bits, and are measured together.
#include <cmath>
#include <cstring>
#include <vector>

#include "parallel/agree/gossip/member_average.hpp"
#include "parallel/agree/gossip/parameter_gossip.hpp"
#include "parallel/transport/mpi_transport.hpp"
#include "tests/mpi_check.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr std::uint64_t kSeed = 3;
constexpr std::size_t kCount = 1001;
constexpr int kMeetings = 5;

std::vector<float> start_of(int member) {
  std::vector<float> values(kCount);
  for (std::size_t k = 0; k < kCount; ++k) {
    values[k] = static_cast<float>(std::sin(1.0 + 2.3 * member + 0.7 * static_cast<double>(k)));
  }
  return values;
}

using Members = std::vector<std::vector<float>>;

// x <- W_t x for all members, terms in member order and double precision.
Members product(const GossipGraph& graph, const Members& values) {
  Members after(values.size(), std::vector<float>(kCount));
  for (int i = 0; i < graph.members(); ++i) {
    for (std::size_t k = 0; k < kCount; ++k) {
      double sum = 0.0;
      for (const GossipShare& share : graph.row(i)) {
        sum += share.weight * static_cast<double>(values[static_cast<std::size_t>(share.member)][k]);
      }
      after[static_cast<std::size_t>(i)][k] = static_cast<float>(sum);
    }
  }
  return after;
}

void mixing_is_the_matrix_product(MpiSession& session, MpiCheck& check, GossipTopology topology) {
  MpiTransport transport(session);
  const auto agreement = make_gossip<float>(transport, topology, kSeed, kCount);
  std::vector<float> own = start_of(session.rank());
  GossipGraph graph(topology, session.size(), kSeed);
  Members all;
  for (int member = 0; member < session.size(); ++member) all.push_back(start_of(member));
  for (int meeting = 0; meeting < kMeetings; ++meeting) {
    agreement->meet(own);
    graph.begin_round(static_cast<std::uint64_t>(meeting));
    all = product(graph, all);
  }
  check(own == all[static_cast<std::size_t>(session.rank())], "mixed parameters are the matrix product's bits");
}

void random_peers_find_the_mean(MpiSession& session, MpiCheck& check) {
  MpiTransport transport(session);
  const auto agreement = make_gossip<float>(transport, GossipTopology::kRandomPeer, kSeed, kCount);
  AverageOfMembers<float> average(transport, kCount);
  std::vector<float> own = start_of(session.rank());
  const MemberAverage before = average.measure(own);
  const std::vector<float> mean(average.average().begin(), average.average().end());
  for (int meeting = 0; meeting < 60; ++meeting) agreement->meet(own);
  const MemberAverage after = average.measure(own);
  if (session.rank() != 0) {
    check(after.disagreement == 0.0, "only rank 0 is told");
    return;
  }
  check(session.size() == 1 || before.disagreement > 1.0, "members start apart");
  check(after.disagreement < 1e-5, "members end together");
  const auto ranks = static_cast<std::uint64_t>(session.size());
  check(after.bytes == (ranks == 1 ? 0 : 60 * ranks * (sizeof(float) * kCount + 8)), "every rank's bytes are told");
  double largest = 0.0;
  for (std::size_t k = 0; k < kCount; ++k) largest = std::max(largest, std::abs(static_cast<double>(own[k] - mean[k])));
  check(largest < 1e-5, "push-sum ends at the mean of the starts");
}

}  // namespace

int main() {
  MpiSession session;
  MpiCheck check(session);
  for (const GossipTopology topology : kGossipTopologies) {
    if (is_symmetric(topology)) mixing_is_the_matrix_product(session, check, topology);
  }
  random_peers_find_the_mean(session, check);
  return check.result();
}

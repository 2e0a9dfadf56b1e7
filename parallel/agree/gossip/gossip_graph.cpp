#include "parallel/agree/gossip/gossip_graph.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <stdexcept>

#include "core/random.hpp"

namespace prl {
namespace {

// Of the streams that shuffle: no shard of a minibatch has this number.
constexpr std::uint32_t kGossipStream = 0xFFFFFFFF;

std::size_t index(int i) { return static_cast<std::size_t>(i); }

Rng stream_of(std::uint64_t seed, std::uint64_t round) { return {seed, RandomPurpose::kShuffle, kGossipStream, round}; }

}  // namespace

GossipGraph::GossipGraph(GossipTopology topology, int members, std::uint64_t seed) : topology_(topology), seed_(seed) {
  if (members < 1) throw std::invalid_argument("gossip needs at least one member");
  receivers_.resize(index(members));
  rows_.resize(index(members));
  order_.resize(index(members));
  begin_round(0);
}

void GossipGraph::begin_round(std::uint64_t round) {
  for (std::vector<int>& receivers : receivers_) receivers.clear();
  if (members() > 1) choose_receivers(round);
  weigh();
}

void GossipGraph::choose_receivers(std::uint64_t round) {
  const int n = members();
  if (topology_ == GossipTopology::kRandomPairs) return draw_pairs(round);
  if (topology_ == GossipTopology::kRandomPeer) return draw_peers(round);
  const int distances = std::bit_width(static_cast<unsigned>(n - 1));  // ceil(log2 n)
  for (int i = 0; i < n; ++i) {
    std::vector<int>& receivers = receivers_[index(i)];
    if (topology_ == GossipTopology::kRing) {
      receivers.push_back((i + 1) % n);
      if (n > 2) receivers.push_back((i + n - 1) % n);
    } else if (topology_ == GossipTopology::kOnePeer) {
      receivers.push_back((i + (1 << static_cast<int>(round % static_cast<std::uint64_t>(distances)))) % n);
    } else {
      for (int k = 0; k < distances; ++k) {
        const int to = topology_ == GossipTopology::kHypercube ? i ^ (1 << k) : (i + (1 << k)) % n;
        if (to < n) receivers.push_back(to);
      }
    }
  }
}

void GossipGraph::draw_pairs(std::uint64_t round) {
  Rng rng = stream_of(seed_, round);
  std::iota(order_.begin(), order_.end(), 0);
  for (std::size_t left = order_.size(); left > 1; --left) {
    std::swap(order_[left - 1], order_[rng.below(static_cast<std::uint32_t>(left))]);
  }
  for (std::size_t i = 0; i + 1 < order_.size(); i += 2) {
    receivers_[index(order_[i])].push_back(order_[i + 1]);
    receivers_[index(order_[i + 1])].push_back(order_[i]);
  }
}

void GossipGraph::draw_peers(std::uint64_t round) {
  Rng rng = stream_of(seed_, round);
  for (int i = 0; i < members(); ++i) {
    const int other = static_cast<int>(rng.below(static_cast<std::uint32_t>(members() - 1)));
    receivers_[index(i)].push_back(other < i ? other : other + 1);
  }
}

// Senders are visited in member order, which orders every row.
void GossipGraph::weigh() {
  for (std::vector<GossipShare>& row : rows_) row.clear();
  for (int from = 0; from < members(); ++from) {
    rows_[index(from)].push_back({from, 1.0});
    for (const int to : receivers(from)) rows_[index(to)].push_back({from, weight(to, from)});
  }
  for (int to = 0; to < members(); ++to) {
    std::vector<GossipShare>& row = rows_[index(to)];
    std::sort(row.begin(), row.end(), [](const GossipShare& a, const GossipShare& b) { return a.member < b.member; });
    double own = 1.0;
    for (const int receiver : receivers(to)) own -= weight(receiver, to);
    for (GossipShare& share : row) {
      if (share.member == to) share.weight = own;
    }
  }
}

// What `from` gives to its receiver `to`.
double GossipGraph::weight(int to, int from) const {
  std::size_t degree = receivers(from).size();
  if (is_symmetric(topology_)) degree = std::max(degree, receivers(to).size());
  return 1.0 / (1.0 + static_cast<double>(degree));
}

}  // namespace prl

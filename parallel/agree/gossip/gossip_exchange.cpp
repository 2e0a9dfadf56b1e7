#include "parallel/agree/gossip/gossip_exchange.hpp"

#include <algorithm>
#include <array>

namespace prl {

GossipExchange::GossipExchange(Transport& transport, GossipTopology topology, std::uint64_t seed)
    : transport_(transport), graph_(topology, transport.size(), seed) {}

std::span<const GossipPart> GossipExchange::run(std::span<const std::byte> own) {
  graph_.begin_round(round_++);
  const std::span<const GossipShare> row = graph_.row(transport_.rank());
  while (received_.size() + 1 < row.size()) received_.emplace_back(own.size());
  outgoing_.clear();
  incoming_.clear();
  parts_.clear();
  for (const int to : graph_.receivers(transport_.rank())) outgoing_.push_back({to, own});
  for (const GossipShare& share : row) {
    if (share.member == transport_.rank()) {
      parts_.push_back({share.weight, own.data()});
    } else {
      const std::span<std::byte> place = received_[incoming_.size()].span();
      incoming_.push_back({share.member, place});
      parts_.push_back({share.weight, place.data()});
    }
  }
  transport_.exchange_all(outgoing_, incoming_, Purpose::kWeights);
  return parts_;
}

template <typename Scalar>
void add_parts(std::span<const GossipPart> parts, std::span<Scalar> to) {
  constexpr std::size_t kBlock = 512;
  std::array<double, kBlock> sums;
  for (std::size_t begin = 0; begin < to.size(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, to.size() - begin);
    std::fill_n(sums.begin(), count, 0.0);
    for (const GossipPart& part : parts) {
      const Scalar* values = reinterpret_cast<const Scalar*>(part.bytes) + begin;
      for (std::size_t k = 0; k < count; ++k) sums[k] += part.weight * static_cast<double>(values[k]);
    }
    for (std::size_t k = 0; k < count; ++k) to[begin + k] = static_cast<Scalar>(sums[k]);
  }
}

template void add_parts(std::span<const GossipPart>, std::span<float>);
template void add_parts(std::span<const GossipPart>, std::span<double>);

}  // namespace prl

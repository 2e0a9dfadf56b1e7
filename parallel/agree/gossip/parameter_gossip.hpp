// Gossip on parameters over a graph, as the graph needs it: mixing where it is symmetric, push-sum where it is directed.
#pragma once

#include <cstdint>
#include <memory>

#include "parallel/agree/gossip/gossip_mixing.hpp"
#include "parallel/agree/gossip/push_sum.hpp"

namespace prl {

// All members give the same topology and seed. `transport` must outlive it.
template <typename Scalar>
std::unique_ptr<ParameterAgreement<Scalar>> make_gossip(Transport& transport, GossipTopology topology,
                                                        std::uint64_t seed, std::size_t parameter_count) {
  if (is_symmetric(topology)) return std::make_unique<GossipMixing<Scalar>>(transport, topology, seed);
  return std::make_unique<PushSum<Scalar>>(transport, topology, seed, parameter_count);
}

}  // namespace prl

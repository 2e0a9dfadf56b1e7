#include "parallel/agree/gossip/gossip_mixing.hpp"

#include <stdexcept>

namespace prl {

template <typename Scalar>
GossipMixing<Scalar>::GossipMixing(Transport& transport, GossipTopology topology, std::uint64_t seed)
    : exchange_(transport, topology, seed) {
  if (topology == GossipTopology::kRandomPeer) {
    throw std::invalid_argument("mixing with a random peer does not keep the mean; use push-sum");
  }
}

template <typename Scalar>
Meeting GossipMixing<Scalar>::meet(std::span<Scalar> parameters) {
  add_parts(exchange_.run(std::as_bytes(parameters)), parameters);
  return {};
}

template class GossipMixing<float>;
template class GossipMixing<double>;

}  // namespace prl

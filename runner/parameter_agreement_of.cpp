#include "runner/parameter_agreement_of.hpp"

#include <stdexcept>

#include "parallel/agree/gossip/parameter_gossip.hpp"
#include "parallel/agree/server_average.hpp"

namespace prl {

std::unique_ptr<ParameterAgreement<float>> make_parameter_agreement(const RunConfiguration& c, Transport& transport,
                                                                    std::span<const float> initial) {
  if (c.agreement == Agreement::kServer) {
    return std::make_unique<ServerAverage<float>>(transport, initial, c.server_shards);
  }
  if (c.gossips()) return make_gossip<float>(transport, c.graph, c.seed, initial.size());
  throw std::logic_error("no agreement on parameters");
}

}  // namespace prl

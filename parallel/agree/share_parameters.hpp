// Member 0's parameters on every member, before they begin.
#pragma once

#include <span>
#include <vector>

#include "parallel/transport/transport.hpp"

namespace prl {

// All members call it. What is counted, for B bytes and P members: B (P - 1) of weights, by member 0.
template <typename Scalar>
void share_parameters(Transport& transport, std::span<Scalar> parameters) {
  if (transport.rank() != 0) {
    transport.receive(0, std::as_writable_bytes(parameters), Purpose::kWeights);
    return;
  }
  std::vector<Outgoing> outgoing;
  for (int member = 1; member < transport.size(); ++member) outgoing.push_back({member, std::as_bytes(parameters)});
  transport.exchange_all(outgoing, {}, Purpose::kWeights);
}

}  // namespace prl

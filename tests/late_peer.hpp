// A peer that is late: what the others count as waiting, apart from transfer, over any transport.
#pragma once

#include <chrono>
#include <thread>
#include <vector>

#include "parallel/transport/transport.hpp"

namespace prl::test {

inline constexpr double kLateSeconds = 0.2;

struct LatePeerOutcome {
  bool arrived_whole = true;
  double waiting_seconds = 0.0;  // 0 on the late member
};

// Every member sends each other one message of 100,000 bytes; the last member begins kLateSeconds after the others, whose
// messages among each other have long come by then.
inline LatePeerOutcome exchange_with_a_late_peer(Transport& transport) {
  constexpr std::size_t kBytes = 100000;
  const int rank = transport.rank();
  std::vector<std::vector<std::byte>> out;
  std::vector<std::vector<std::byte>> in;
  std::vector<int> peers;
  for (int peer = 0; peer < transport.size(); ++peer) {
    if (peer == rank) continue;
    peers.push_back(peer);
    out.emplace_back(kBytes, static_cast<std::byte>(16 * rank + peer));
    in.emplace_back(kBytes);
  }
  std::vector<Outgoing> outgoing;
  std::vector<Incoming> incoming;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    outgoing.push_back({peers[i], out[i]});
    incoming.push_back({peers[i], in[i]});
  }
  const bool late = rank == transport.size() - 1;
  if (late) std::this_thread::sleep_for(std::chrono::duration<double>(kLateSeconds));
  transport.exchange_all(outgoing, incoming, Purpose::kGradients);
  LatePeerOutcome outcome;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const auto expected = static_cast<std::byte>(16 * peers[i] + rank);
    outcome.arrived_whole = outcome.arrived_whole && in[i] == std::vector<std::byte>(kBytes, expected);
  }
  if (!late) outcome.waiting_seconds = transport.ledger().of(Purpose::kGradients).waiting_seconds;
  return outcome;
}

}  // namespace prl::test

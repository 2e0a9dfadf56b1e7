// What every collection mode is held to: the serial mode's bytes, and the closed forms of what crosses.
#pragma once

#include <exception>
#include <string>
#include <vector>

#include "parallel/collect/collector.hpp"
#include "parallel/collect/serial_collector.hpp"
#include "tests/parallel_fakes.hpp"

namespace prl::test {

// The serial collector's segments over `rounds` rounds; the first of them free of step cost.
inline std::vector<std::vector<std::byte>> serial_segments(CollectionPlan plan, const ActorFactory& make_actor,
                                                           int rounds) {
  plan.workers = 1;
  SerialCollector collector(plan, make_actor);
  const std::atomic<bool> stop{false};
  std::vector<std::vector<std::byte>> segments;
  for (int round = 0; round < rounds; ++round) {
    set_parameters(collector.parameters(), round);
    collector.charge_step_cost(round > 0);
    if (!collector.collect(stop)) return {};
    segments.push_back(bytes_of(collector.segment()));
  }
  return segments;
}

// The same rounds by another collector. Empty if a round was not complete.
inline std::vector<std::vector<std::byte>> segments_of(Collector& collector, int rounds) {
  const std::atomic<bool> stop{false};
  std::vector<std::vector<std::byte>> segments;
  for (int round = 0; round < rounds; ++round) {
    set_parameters(collector.parameters(), round);
    collector.charge_step_cost(round > 0);
    if (!collector.collect(stop)) return {};
    segments.push_back(bytes_of(collector.segment()));
  }
  return segments;
}

// What the call throws as a std::exception says; empty if it throws nothing.
template <typename Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Bytes of the blocks that workers other than worker 0 collect in a round.
inline std::uint64_t other_blocks_bytes(const CollectionPlan& plan) {
  const int own = environments_of(0, plan.workers, plan.environments).count;
  return static_cast<std::uint64_t>(plan.environments - own) * plan.layout.block_bytes();
}

}  // namespace prl::test

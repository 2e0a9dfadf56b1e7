// Where a run's environments stood after whole rounds: what actors start from when a run goes on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace prl {

struct EnvironmentStates {
  std::uint64_t steps = 0;       // that every environment has taken; in rounds of whole episodes, could have taken
  std::size_t bytes_each = 0;    // VectorEnv::kKeptBytes; 0 where the run goes on with new episodes
  std::vector<std::byte> bytes;  // of all environments of the run, in order

  const std::byte* of(int environment) const {
    return bytes.data() + static_cast<std::size_t>(environment) * bytes_each;
  }
};

}  // namespace prl

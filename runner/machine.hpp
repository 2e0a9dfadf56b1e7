// What this machine is, as far as it bears on a measurement.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace prl {

struct CacheSize {
  std::string name;  // l1d, l1i, l2, l3
  std::int64_t bytes = 0;
};

struct Machine {
  std::string cpu;
  int usable_cores = 1;  // by affinity and cgroup quota, rounded down, at least 1
  std::vector<CacheSize> caches;
  std::int64_t memory_bytes = 0;
  std::string kernel;
  std::string instruction_set;  // widest one that this build uses
};

Machine describe_machine();

}  // namespace prl

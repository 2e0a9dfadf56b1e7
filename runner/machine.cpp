#include "runner/machine.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>

#include "core/lanes.hpp"
#include "parallel/transport/usable_cores.hpp"

namespace prl {
namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::vector<CacheSize> cache_sizes() {
  std::vector<CacheSize> caches;
  const std::vector<std::pair<std::string, int>> levels = {{"l1d", _SC_LEVEL1_DCACHE_SIZE},
                                                           {"l1i", _SC_LEVEL1_ICACHE_SIZE},
                                                           {"l2", _SC_LEVEL2_CACHE_SIZE},
                                                           {"l3", _SC_LEVEL3_CACHE_SIZE}};
  for (const auto& [name, key] : levels) {
    const long bytes = ::sysconf(key);
    if (bytes > 0) caches.push_back({name, bytes});
  }
  return caches;
}

std::string instruction_set_of_build() {
#if defined(__AVX512F__)
  return "AVX-512";
#elif defined(__AVX2__)
  return "AVX2";
#elif defined(__x86_64__)
  return "SSE2";
#else
  return "portable";
#endif
}

}  // namespace

Machine describe_machine() {
  Machine machine;
  machine.cpu = cpu_model();
  machine.usable_cores = usable_cores();
  machine.caches = cache_sizes();
  machine.memory_bytes = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGE_SIZE);
  utsname name{};
  if (::uname(&name) == 0) machine.kernel = std::string(name.sysname) + " " + name.release;
  machine.instruction_set = instruction_set_of_build();
  return machine;
}

}  // namespace prl

// Workers' shares of the cores are disjoint, leave no core out, and end with the worker; more workers than cores share all.
#include <sched.h>

#include <thread>
#include <vector>

#include "parallel/transport/core_share.hpp"
#include "parallel/transport/usable_cores.hpp"
#include "tests/catch2.hpp"

using namespace prl;

namespace {

cpu_set_t cores_now() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  sched_getaffinity(0, sizeof(mask), &mask);
  return mask;
}

bool same(const cpu_set_t& a, const cpu_set_t& b) { return CPU_EQUAL(&a, &b) != 0; }

cpu_set_t share_of(int worker, int workers) {
  cpu_set_t share;
  std::thread([&] {
    keep_to_core_share(worker, workers);
    share = cores_now();
  }).join();
  return share;
}

}  // namespace

TEST_CASE("shares are disjoint and cover the process's cores") {
  const cpu_set_t all = process_affinity();
  for (int workers = 1; workers <= usable_cores(); ++workers) {
    cpu_set_t covered;
    CPU_ZERO(&covered);
    int counted = 0;
    for (int worker = 0; worker < workers; ++worker) {
      const cpu_set_t share = share_of(worker, workers);
      CHECK(CPU_COUNT(&share) >= CPU_COUNT(&all) / workers);
      counted += CPU_COUNT(&share);
      CPU_OR(&covered, &covered, &share);
    }
    CHECK(same(covered, all));
    CHECK(counted == CPU_COUNT(&all));
  }
}

TEST_CASE("with more workers than cores all share all, whatever the thread had before") {
  const cpu_set_t all = process_affinity();
  const int workers = usable_cores() + 1;
  CHECK(same(share_of(workers - 1, workers), all));
  std::thread([&] {
    keep_to_core_share(0, usable_cores());
    // A thread inherits its maker's cores.
    CHECK(same(share_of(workers - 1, workers), all));
  }).join();
}

TEST_CASE("a share ends with its object, and cores are counted for the process") {
  const cpu_set_t all = process_affinity();
  const int cores = usable_cores();
  {
    const CoreShare share(0, cores);
    CHECK(usable_cores() == cores);
    if (cores > 1) CHECK_FALSE(same(cores_now(), all));
  }
  CHECK(same(cores_now(), all));
}

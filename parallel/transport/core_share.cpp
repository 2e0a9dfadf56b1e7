#include "parallel/transport/core_share.hpp"

#include <sched.h>

#include "parallel/transport/usable_cores.hpp"

namespace prl {
namespace {

// The cores of `all` from the begin-th to the one before the end-th.
cpu_set_t part_of(const cpu_set_t& all, int begin, int end) {
  cpu_set_t part;
  CPU_ZERO(&part);
  int seen = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &all)) continue;
    if (seen >= begin && seen < end) CPU_SET(cpu, &part);
    ++seen;
  }
  return part;
}

}  // namespace

void keep_to_core_share(int worker, int workers) {
  static const int usable = usable_cores();
  const cpu_set_t& all = process_affinity();
  const int cores = CPU_COUNT(&all);
  const bool shared = workers > 1 && workers <= usable;
  if (cores == 0) return;
  const int begin = shared ? worker * cores / workers : 0;
  const int end = shared ? (worker + 1) * cores / workers : cores;
  thread_local int last_begin = 0;
  thread_local int last_end = 0;  // of no share: the thread may have inherited any
  if (begin == last_begin && end == last_end) return;
  const cpu_set_t part = part_of(all, begin, end);
  sched_setaffinity(0, sizeof(part), &part);
  last_begin = begin;
  last_end = end;
}

}  // namespace prl

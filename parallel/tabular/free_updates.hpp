// Updates of a shared table without any agreement: every worker goes on by itself and reads and writes where it must.
//
//   worker w of W does the steps w, w + W, w + 2 W, ... of `steps`
//
// The steps done are the same for any number of workers, their order is not: no bits are promised. Worker 0 looks at the
// table between two of its steps every `look_every` steps of its own, and may ask all to stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "parallel/tabular/worker_team.hpp"

namespace prl {

// How many steps each worker has done, on a cache line of its own: written by one, read by worker 0 while it runs.
struct alignas(kCacheLineBytes) StepCount {
  std::atomic<std::uint64_t> steps{0};
};

inline std::uint64_t total_steps(std::span<const StepCount> counts) {
  std::uint64_t total = 0;
  for (const StepCount& count : counts) total += count.steps.load(std::memory_order_relaxed);
  return total;
}

struct FreeRunPlan {
  std::uint64_t steps = 0;       // of all workers together
  std::uint64_t look_every = 1;  // of worker 0's steps
};

// `step(index)` does one step; `look()` runs on worker 0 and returns whether it has seen enough.
template <typename Step, typename Look>
void run_free_updates(TeamMember& member, const FreeRunPlan& plan, std::span<StepCount> counts, const Step& step,
                      const Look& look) {
  std::atomic<std::uint64_t>& done = counts[static_cast<std::size_t>(member.worker())].steps;
  const auto stride = static_cast<std::uint64_t>(member.workers());
  std::uint64_t own_steps = 0;
  for (std::uint64_t index = static_cast<std::uint64_t>(member.worker()); index < plan.steps; index += stride) {
    if (member.stopping()) return;
    step(index);
    done.store(++own_steps, std::memory_order_relaxed);
    if (member.worker() == 0 && own_steps % plan.look_every == 0 && look()) member.request_stop();
  }
}

}  // namespace prl

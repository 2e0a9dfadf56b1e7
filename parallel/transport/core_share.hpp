// Which cores a worker runs on, where every worker can have cores of its own.
//
// Workers that meet at barriers every few hundred microseconds and happen to start on one core stay there: each time that
// the kernel balances its cores, the one that waits has run a moment ago and is left where its caches are warm. Half of
// all launches of two learner threads on two cores then took twice as long. So the process's cores are divided among the
// workers, in order, and each keeps to its share, as MPI launchers do with ranks.
#pragma once

namespace prl {

// Keeps the calling thread to the share of worker `worker` of `workers`: contiguous, disjoint and as even as whole cores
// allow. With more workers than usable cores the thread may use all of the process's cores. Costs a system call when the
// share is another than the thread's last one. The kernel's refusal is passed over: placement is no matter of correctness.
void keep_to_core_share(int worker, int workers);

// The calling thread may use all of the process's cores again.
inline void leave_core_share() { keep_to_core_share(0, 1); }

// Keeps the thread that makes it to its share until the thread destroys it.
class CoreShare {
 public:
  CoreShare(int worker, int workers) { keep_to_core_share(worker, workers); }
  ~CoreShare() { leave_core_share(); }
  CoreShare(const CoreShare&) = delete;
  CoreShare& operator=(const CoreShare&) = delete;
};

}  // namespace prl

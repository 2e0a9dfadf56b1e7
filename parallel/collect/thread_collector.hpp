// Collecting in threads of one process, with oneTBB. Each worker has its own environments and policy; parameters are
// read and trajectories written where they lie, so nothing is copied.
//
// What is counted, for W workers and S bytes of parameters, a round:
//   weights        (W - 1) S                           read in place by workers 1 .. W - 1
//   trajectories   the blocks of workers 1 .. W - 1    written in place; of whole episodes
//                  the steps that were taken (taken_steps.hpp)
// `transfer_seconds` of control is the time to hand the workers' tasks over; weights and trajectories take none. Worker
// 0's wait for the others is `waiting_seconds` of control, of which no bytes cross.
#pragma once

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <memory>

#include "core/aligned_buffer.hpp"
#include "parallel/collect/collection_plan.hpp"
#include "parallel/collect/collector.hpp"

namespace prl {

class ThreadCollector final : public Collector {
 public:
  // Worker 0 is the thread that calls collect(), always the same one. Throws std::invalid_argument for a plan
  // that cannot be.
  ThreadCollector(const CollectionPlan& plan, const ActorFactory& make_actor);
  ~ThreadCollector() override;
  ThreadCollector(const ThreadCollector&) = delete;
  ThreadCollector& operator=(const ThreadCollector&) = delete;

  std::span<float> parameters() override { return parameters_.span(); }
  bool collect(const std::atomic<bool>& stop) override;
  SegmentView segment() const override { return segment_; }
  void charge_step_cost(bool charge) override;
  std::vector<WorkerSeconds> worker_seconds() const override;
  CommunicationLedger& ledger() override { return ledger_; }

 private:
  // On a cache line of its own: workers write theirs at the same time.
  struct alignas(kCacheLineBytes) Worker {
    std::unique_ptr<Actor> actor;
    EnvironmentRange range;
    int core_share = 0;
    bool complete = false;
    double collecting_seconds = 0.0;
  };

  SegmentView part_of(const Worker& worker) const { return segment_.part(worker.range.first, worker.range.count); }
  void run_worker(Worker& worker, const std::atomic<bool>& stop);

  int working_together_;
  AlignedBuffer<float> parameters_;
  AlignedBuffer<std::byte> blocks_;
  SegmentView segment_;
  std::vector<Worker> workers_;
  // oneTBB has as many threads as cores by default; workers that wait for their environments need one each.
  tbb::global_control threads_;
  tbb::task_arena arena_;
  CommunicationLedger ledger_;
};

}  // namespace prl

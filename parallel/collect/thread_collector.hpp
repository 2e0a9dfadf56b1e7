// Collecting in threads of one process, with oneTBB. Parameters are read and trajectories written where they lie, so
// nothing is copied.
//
// Each worker has a range of environments of its own; or, with a grain, the environments are divided into parts of that
// many, more than there are workers, and a worker that has finished one takes the next that nobody has begun (oneTBB's
// work stealing): a slow worker then takes fewer, and the round waits for one part of it at most. A part has its own
// environments and policy, and random numbers are the environments', so it does not matter to the bits who takes it. Or
// the ranges change with the workers' speed (environment_division.hpp).
//
// What is counted, for W workers and S bytes of parameters, a round:
//   weights        (W - 1) S                           read in place by workers 1 .. W - 1
//   trajectories   the blocks of workers 1 .. W - 1    written in place; of whole episodes
//                  the steps that were taken (taken_steps.hpp)
// `transfer_seconds` of control is the time to hand the workers' tasks over; weights and trajectories take none. Worker
// 0's wait for the others is `waiting_seconds` of control, of which no bytes cross but environment_division.hpp's, where
// environments move.
#pragma once

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <memory>

#include "core/aligned_buffer.hpp"
#include "parallel/collect/collection_plan.hpp"
#include "parallel/collect/collector.hpp"
#include "parallel/collect/cut_rounds.hpp"
#include "parallel/collect/environment_division.hpp"

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
  std::vector<WorkerSeconds> worker_seconds() const override { return seconds_; }
  std::vector<long> worker_steps() const override { return steps_; }
  std::vector<int> worker_environments() const override;
  CommunicationLedger& ledger() override { return ledger_; }

 private:
  // What a worker takes at a time. On a cache line of its own: workers write theirs at the same time.
  struct alignas(kCacheLineBytes) Part {
    std::unique_ptr<Actor> actor;
    std::unique_ptr<CutRounds> rounds;
    EnvironmentRange range;
    bool moved = false;  // its range is another one than in the last round
    int worker = 0;      // who took it in the last round
    bool complete = false;
    double collecting_seconds = 0.0;
  };

  SegmentView part_of(const Part& part) const { return segment_.part(part.range.first, part.range.count); }
  void collect_part(Part& part, const std::atomic<bool>& stop);
  // After a round: whose each part was.
  void count_parts();
  // After a whole round: what each worker takes in the next one.
  void move_environments();

  CollectionPlan plan_;
  AlignedBuffer<float> parameters_;
  AlignedBuffer<std::byte> blocks_;
  SegmentView segment_;
  std::vector<Part> parts_;
  EnvironmentDivision division_;
  std::atomic<std::uint64_t> left_{0};  // rounds, by all workers
  std::vector<WorkerSeconds> seconds_;  // by worker, of the last round
  std::vector<long> steps_;             // by worker, of the last round
  // oneTBB has as many threads as cores by default; workers that wait for their environments need one each.
  tbb::global_control threads_;
  tbb::task_arena arena_;
  CommunicationLedger ledger_;
};

}  // namespace prl
